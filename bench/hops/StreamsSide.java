import java.io.FileInputStream;
import java.io.InputStream;
import java.time.Duration;
import java.util.Properties;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.streams.KafkaStreams;
import org.apache.kafka.streams.StreamsBuilder;
import org.apache.kafka.streams.errors.StreamsUncaughtExceptionHandler.StreamThreadExceptionResponse;
import org.apache.kafka.streams.kstream.Consumed;
import org.apache.kafka.streams.kstream.Produced;

/**
 * Seven hops on Kafka Streams: each reads a topic and writes the next, as it is. Started with a properties file: Kafka
 * Streams' own settings, and the chain's topics, separated by commas, under bench.chain.
 */
public final class StreamsSide {
  public static void main(String[] args) throws Exception {
    Properties settings = new Properties();
    try (InputStream file = new FileInputStream(args[0])) {
      settings.load(file);
    }
    String[] chain = ((String) settings.remove("bench.chain")).split(",");
    Consumed<byte[], byte[]> read = Consumed.with(Serdes.ByteArray(), Serdes.ByteArray());
    Produced<byte[], byte[]> written = Produced.with(Serdes.ByteArray(), Serdes.ByteArray());
    StreamsBuilder builder = new StreamsBuilder();
    for (int hop = 1; hop < chain.length; hop++) {
      builder.stream(chain[hop - 1], read).to(chain[hop], written);
    }
    KafkaStreams streams = new KafkaStreams(builder.build(), settings);
    streams.setUncaughtExceptionHandler(
        failure -> {
          failure.printStackTrace();
          return StreamThreadExceptionResponse.SHUTDOWN_APPLICATION;
        });
    Runtime.getRuntime().addShutdownHook(new Thread(() -> streams.close(Duration.ofSeconds(5))));
    streams.start();
  }
}
