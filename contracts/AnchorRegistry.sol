// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity 0.8.37;

/// @title One storage slot for each append-only log, which only its anchorer moves, and only forward.
/// @notice A log is known by the address that anchors it. Its slot holds a rolling hash: the hash over the state before,
/// the root and size of the log's tree, the time of the block and the anchorer. So the slot commits to every root that was
/// ever anchored, in order and with its time, and a storage proof of the newest state stands for the whole history. Roots
/// themselves stand in the events.
/// @dev Nobody owns the contract, it holds no value, and nothing in it can be changed or stopped. Keep `states` the first
/// variable: verifiers compute its slots.
contract AnchorRegistry {
    /// @notice The newest state of each anchorer's log; zero before its first anchor.
    mapping(address anchorer => bytes32 state) public states;

    /// @notice A log was extended.
    /// @param anchorer The log.
    /// @param previous The state that the slot held before; zero for a first anchor.
    /// @param root The Merkle root of the log's tree.
    /// @param size The number of its leaves.
    /// @param time The time of this block, in seconds since 1970.
    event Anchored(address indexed anchorer, bytes32 previous, bytes32 root, uint64 size, uint64 time);

    /// @notice The four values that were given are not those behind the sender's state.
    error NotTheState();

    /// @notice A log grows by at least one leaf with each anchor.
    error NotGrown();

    /// @notice Moves the sender's log from its newest anchor, whose four values come first, to a larger tree. Before the
    /// first anchor all four are zero.
    /// @param before The state before the newest anchor.
    /// @param root0 The newest anchor's root.
    /// @param size0 The newest anchor's size.
    /// @param time0 The newest anchor's time.
    /// @param root The root of the tree to anchor.
    /// @param size Its size, larger than `size0`.
    function anchor(
        bytes32 before,
        bytes32 root0,
        uint64 size0,
        uint64 time0,
        bytes32 root,
        uint64 size
    ) external {
        bytes32 previous = states[msg.sender];
        bytes32 claimed = (before | root0) == 0 && (size0 | time0) == 0
            ? bytes32(0)
            : _state(before, root0, size0, time0);
        if (claimed != previous) revert NotTheState();
        if (size <= size0) revert NotGrown();
        uint64 time = uint64(block.timestamp);
        states[msg.sender] = _state(previous, root, size, time);
        emit Anchored(msg.sender, previous, root, size, time);
    }

    /// @dev 100 bytes: 32, 32, 8, 8, 20.
    function _state(bytes32 previous, bytes32 root, uint64 size, uint64 time) private view returns (bytes32) {
        return keccak256(abi.encodePacked(previous, root, size, time, msg.sender));
    }
}
