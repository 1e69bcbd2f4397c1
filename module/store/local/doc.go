// Package local is the store in this process's memory, built on bigcache.
//
// It owns bytes in a fixed room, and gives up the oldest when the room is full. It must not look into a value, judge
// freshness or keep an index. All methods of Store may be called by any number of goroutines at once, Close included.
//
// # Room
//
// The room is divided into shards of at least 32 MiB: 1 below 64 MiB, 8 at 256 MiB, 64 from 2 GiB on. Each is a ring
// that is allocated in full by New, though the system may hand out its pages only as they are written. Nothing but
// age decides what is given up: setting a value anew, and deleting it, frees no room until the ring comes round, so a
// page that is stored again every few seconds shortens the stay of all others in its shard. Stays tells whether that can
// be left out.
//
// # Memory
//
// MaxSize bounds the rings. On top of them a shard keeps a table of its values, 20 to 40 bytes for each at its
// fullest time, and a buffer as large as the largest value it has taken. Measured after two million different keys at
// MaxSize 64 MiB (Go 1.26, linux/amd64, GOGC 100; what the runtime had from the system includes garbage not yet
// collected and the program itself):
//
//	length of a value   values kept   reachable   from the system
//	          1 byte      1,290,554     102 MiB           178 MiB
//	        200 bytes       266,304      74 MiB           139 MiB
//	       4096 bytes        16,178      66 MiB           143 MiB
//
// The worst that can be made reachable is a little over twice MaxSize: one-byte values, then one of MaxEntry in each
// shard. Ordinary pages of up to 2 MiB at 256 MiB cost at most a tenth. While a broken shard is replaced, it exists
// twice.
//
// # Panics
//
// A panic inside bigcache costs the values of one shard and is counted by Resets. The caller it met gets an error that
// wraps store.ErrFailed, from Delete nil, as what was to go is gone; nobody else notices more than misses.
package local
