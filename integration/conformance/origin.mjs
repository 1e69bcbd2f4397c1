// Starts the suite's server on the loopback interface alone: by itself it would
// listen on all of them.
import net from 'node:net'

const listen = net.Server.prototype.listen
net.Server.prototype.listen = function (port) {
  return listen.call(this, Number(port), '127.0.0.1')
}
await import('http-cache-tests/server/server.mjs')
