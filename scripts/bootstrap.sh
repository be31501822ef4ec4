#!/usr/bin/env bash
# Brings what a command needs: `bootstrap.sh packages` the npm packages, `bootstrap.sh parts` also Java, SoftHSM, Kafka
# and the schema registry, `bootstrap.sh streams` beyond these a Java compiler and Kafka Streams, which one benchmark
# compares with. Each step is skipped when its result is there, and leaves its mark only when it is whole. Exit codes:
# 1 a step failed, 3 Debian packages are missing and root is needed to install them.
set -euo pipefail

root=$(dirname "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")")
cd "$root"
state="$root/.pavilion"
logs="$state/log"
parts=${PAVILION_PARTS:-$state/parts}
[[ $parts == /* ]] || parts="$root/$parts"
export PAVILION_PARTS="$parts"
java=${JAVA_HOME:+$JAVA_HOME/bin/}java
javac=${JAVA_HOME:+$JAVA_HOME/bin/}javac
beat=
libnode=

# What is on this machine is not asked for through a proxy; see runtime/loopback.ts.
export NO_PROXY="${NO_PROXY:+$NO_PROXY,}localhost,127.0.0.1,::1"
[[ -z ${no_proxy:-} ]] || export no_proxy="$no_proxy,localhost,127.0.0.1,::1"

say() { printf 'pavilion: %s\n' "$*" >&2; }

# run NAME COMMAND…: its output goes to a log; a line every ten seconds says that it goes on.
run() {
  local name=$1 started=$SECONDS status=0
  shift
  (
    trap 'kill "$!"; exit' TERM
    while sleep 10 & wait "$!" && kill -0 "$$" 2>/dev/null; do
      say "$name: $((SECONDS - started)) s so far"
    done
  ) 9>&- &
  beat=$!
  "$@" >"$logs/$name.log" 2>&1 </dev/null 9>&- || status=$?
  stop_beat
  ((status < 128)) || exit "$status" # a signal ended it: whoever sent it knows why
  return "$status"
}

stop_beat() {
  [[ -z $beat ]] || kill "$beat" 2>/dev/null || true
  beat=
}

clean_up() {
  stop_beat
  [[ -z $libnode ]] || rm -rf "$libnode"
}
trap clean_up EXIT

# failed NAME WHAT-TO-DO: which step, why, what to do. Some tools say why first, others last.
failed() {
  local log="$logs/$1.log" length
  length=$(wc -l <"$log")
  say "$1 failed. From its log, $log:"
  { if ((length <= 20)); then cat "$log"; else head -n 8 "$log" && printf '…\n' && tail -n 12 "$log"; fi; } |
    awk '{ print "  " $0 }' >&2
  say "what to do: $2"
  exit 1
}

# --- Debian packages ------------------------------------------------------------------------------------------------

have() { command -v "$1" >/dev/null 2>&1; }

# at_least MAJOR COMMAND…: the version that the command prints (v20.1.0, version "17.0.1") is at least MAJOR.
at_least() {
  local text
  text=$("${@:2}" 2>&1) || return 1
  [[ $text =~ (^v|version \")([0-9]+) ]] && ((BASH_REMATCH[2] >= $1))
}

# Where the headers of the Node that is installed lie, so that node-gyp need not download them.
node_headers() {
  local prefix
  have node || return 1
  prefix=$(dirname "$(dirname "$(readlink -f "$(command -v node)")")")
  for prefix in "$prefix" /usr; do
    [[ ! -e $prefix/include/node/node_api.h ]] || { printf '%s\n' "$prefix" && return 0; }
  done
  return 1
}

packages_for_npm() {
  have node && at_least 18 node --version || printf 'nodejs\n'
  have npm || printf 'npm\n'
  node_headers >/dev/null || printf 'libnode-dev\n'
  have python3 || printf 'python3\n'
  have make || printf 'make\n'
  have g++ || printf 'g++\n'
}

packages_for_parts() {
  compgen -G '/usr/lib/softhsm/libsofthsm2.so' >/dev/null ||
    compgen -G '/usr/lib/*/softhsm/libsofthsm2.so' >/dev/null || printf 'softhsm2\n'
  have "$java" && at_least 17 "$java" -version || printf 'default-jre-headless\n'
  all_parts_whole "$digests" || have mvn || printf 'maven\n'
  # The tests run a client in Python in an environment of its own.
  python3 -c 'import ensurepip, venv' 2>/dev/null || printf 'python3-venv\n'
}

packages_for_streams() {
  have "$javac" || printf 'default-jdk-headless\n'
  all_parts_whole "$streams_digests" || have mvn || printf 'maven\n'
}

packages_for() {
  npm_is_current || packages_for_npm
  [[ $1 == packages ]] || packages_for_parts
  [[ $1 != streams ]] || packages_for_streams
}

# install_debian packages|parts|streams
install_debian() {
  local -a missing as_root=()
  mapfile -t missing < <(packages_for "$1" | sort -u)
  ((${#missing[@]})) || return 0
  local -a install=(apt-get install -y --no-install-recommends "${missing[@]}")
  if ((EUID != 0)); then
    if have sudo && sudo -n true 2>/dev/null; then
      as_root=(sudo -n)
    else
      say "Debian packages are missing, and installing them needs root. Run, then try again:"
      say "  sudo apt-get update && sudo ${install[*]}"
      exit 3
    fi
  fi
  have apt-get || { say "missing: ${missing[*]}, and there is no apt-get: install them by hand."; exit 3; }
  say "installing Debian packages ${missing[*]} (first run only)"
  run apt-update "${as_root[@]}" apt-get update || failed apt-update "see that Debian's package sources are reachable."
  run apt-install "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive "${install[@]}" ||
    failed apt-install "run '${install[*]}' as root, mend what it says, then try again."
}

# --- npm packages ---------------------------------------------------------------------------------------------------

npm_stamp="node_modules/.pavilion-lock"

npm_is_current() {
  [[ -x node_modules/.bin/node && -e $npm_stamp && $(<"$npm_stamp") == "$(sha256sum <package-lock.json)" ]]
}

# Debian's node-gyp links every addon to Debian's libnode. Loaded into the Node that npm brings, such an addon drags in a
# second Node and crashes. Addons take Node's symbols from the process that loads them, so an empty
# library of that name, found first, is all they need. It lies where no space or quote is in its path: make and its shells
# would split there.
without_libnode() {
  libnode=$(mktemp -d /tmp/pavilion-libnode.XXXXXX)
  printf '!<arch>\n' >"$libnode/libnode.a"
  export LDFLAGS="-L$libnode ${LDFLAGS:-}"
}

# npm passes over an optional package whose engines the running Node does not meet, anvil's program for one: so it runs
# on the Node that the project pins. That Node brings certificates of its own; the machine's count as well.
npm_on_own_node() {
  at_least 24 node --version && return 0
  local version
  version=$(sed -n '/"node_modules\/node": {/,/}/s/.*"version": "\(.*\)",/\1/p' package-lock.json)
  rm -rf "$state/node" # an interrupted install may have left half a package there
  run npm-node npm install --prefix "$state/node" --no-save --no-audit --no-fund "node@$version" ||
    failed npm-node "see that the npm registry is reachable, then try again."
  export PATH="$state/node/node_modules/.bin:$PATH" NODE_USE_SYSTEM_CA=1
}

install_npm() {
  without_libnode
  npm_config_nodedir=$(node_headers)
  export npm_config_nodedir
  say "installing npm packages (first run, or package-lock.json changed)"
  rm -f "$npm_stamp"
  npm_on_own_node
  run npm-ci npm ci --no-audit --no-fund ||
    failed npm-ci "see that the npm registry is reachable, then try again."
  sha256sum <package-lock.json >"$npm_stamp"
}

# --- Kafka and the schema registry ----------------------------------------------------------------------------------

digests="infra/embedded/parts.sha256"
streams_digests="bench/hops/streams.sha256"

# digest_of FOLDER: of the names and contents of all its files.
digest_of() {
  (cd "$1" && find . -type f -print0 | LC_ALL=C sort -z | xargs -0 sha256sum | sha256sum | cut -d ' ' -f 1)
}

is_whole() { [[ -e $parts/$1/.whole && $(<"$parts/$1/.whole") == "$2" ]]; }

all_parts_whole() {
  local digest folder
  while read -r digest folder; do
    is_whole "$folder" "$digest" || return 1
  done <"$1"
}

# fetch_part FOLDER DIGEST: the pom's execution is called as the part is.
fetch_part() {
  local folder=$1 digest=$2 part=${1%-*} goal fresh="$parts/.$1.new"
  case $part in kafka) goal=copy-dependencies ;; kafka-streams) goal=copy ;; *) goal=unpack ;; esac
  say "downloading $folder (first run only)"
  rm -rf "$fresh" "$fresh.markers"
  run "$part" mvn -q -B -Dstyle.color=never -f infra/embedded/pom.xml "dependency:$goal@$part" "-Dparts.output=$fresh" ||
    failed "$part" "see that the Maven repository is reachable, then try again."
  if [[ $(digest_of "$fresh") != "$digest" ]]; then
    say "$folder is not the one that its list of digests pins: what was downloaded differs, and is not used."
    say "what to do: remove the copies in the local Maven repository (~/.m2/repository), then try again."
    exit 1
  fi
  printf '%s\n' "$digest" >"$fresh/.whole"
  rm -rf "${parts:?}/$folder" "$fresh.markers"
  mv "$fresh" "$parts/$folder"
}

# The Java parts start three times as fast from an archive of the classes they load; it is one JVM's.
archive_classes() {
  local stamp="$parts/.archived" data="$parts/.archiving" made_by
  made_by=$("$java" -version 2>&1 | cat - "$digests" | sha256sum)
  [[ ! -e $stamp || $(<"$stamp") != "$made_by" ]] || return 0
  say "starting Kafka and the schema registry once, to keep the classes they load (first run only)"
  rm -f "$stamp" "$parts"/*/classes.jsa "$parts"/*/classes.jsa.new
  rm -rf "$data"
  mkdir "$data"
  run class-archive node_modules/.bin/node infra/embedded/class-archive.ts "$data" ||
    say "that did not work (see $logs/class-archive.log): the parts will start more slowly"
  rm -rf "$data"
  printf '%s\n' "$made_by" >"$stamp"
}

# fetch_parts DIGESTS: those of the list that are not there yet.
fetch_parts() {
  local digest folder
  while read -r digest folder; do
    is_whole "$folder" "$digest" || fetch_part "$folder" "$digest"
  done <"$1"
}

# --------------------------------------------------------------------------------------------------------------------

# usable PATH: characters that take four bytes in UTF-8 are those that a JVM cannot have in its class path.
usable() {
  local LC_ALL=C
  [[ $1 != *[:\\]* ]] || return 1
  [[ $1 == *[!\ -~]* ]] || return 0
  [[ ! $1 =~ [$'\xf0'-$'\xf7'] ]] && iconv -f UTF-8 -t UTF-8 <<<"$1" >/dev/null 2>&1
}

what=${1:-packages}
if [[ $what != packages && -n ${JAVA_HOME:-} ]] && ! at_least 17 "$java" -version; then
  say "JAVA_HOME is $JAVA_HOME, where there is no Java of version 17 or later"
  say "what to do: unset JAVA_HOME, or set it to such a Java"
  exit 1
fi
for folder in "$root" "$parts"; do
  usable "$folder" || {
    say "$folder cannot be the place of this clone or of its parts: Node, Java and lists of paths take no colon, no"
    say "backslash, no emoji and the like, and nothing that is not UTF-8 in a path"
    say "what to do: rename or move the folder; spaces, umlauts and other letters are fine"
    exit 1
  }
done
mkdir -p "$logs" "$parts" 2>/dev/null && [[ -w $state && -w $parts ]] || {
  say "cannot write to $state and $parts, where downloads, logs and builds go"
  say "what to do: run as the owner of this clone, or set PAVILION_PARTS to a folder that can be written"
  exit 1
}
exec 9>"$state/lock"
flock -n 9 || { say "waiting for another pavilion that is setting up"; flock 9; }
install_debian "$what"
npm_is_current || install_npm
if [[ $what != packages ]]; then
  fetch_parts "$digests"
  archive_classes
fi
if [[ $what == streams ]]; then fetch_parts "$streams_digests"; fi
