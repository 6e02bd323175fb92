"""A TCP proxy that breaks as networks do. Standard library only.

    with TcpProxy(("127.0.0.1", broker_port)) as proxy:
        connect_to(proxy.address)
        proxy.stall()   # connections stay, and nothing comes through
        proxy.cut()     # connections are reset, new ones refused
        proxy.heal()    # all is well for new connections; stalled ones go on where they were
"""
from __future__ import annotations

import socket
import struct
import threading


class TcpProxy:
    """`.address` is host:port, the same for its whole life. `.connections` counts those that were accepted."""

    def __init__(self, target: tuple[str, int]):
        self.target = target
        self.connections = 0
        self._lock = threading.Lock()
        self._pairs: set[tuple[socket.socket, socket.socket]] = set()
        self._flow = threading.Event()
        self._flow.set()
        self._listener: socket.socket | None = None
        self._port = 0
        self._listen()

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self._port}"

    @property
    def port(self) -> int:
        return self._port

    # -- what a network does ------------------------------------------------------------------------------------------

    def stall(self):
        """Bytes of both directions wait here; connections are still accepted, and as silent."""
        self._flow.clear()

    def reset(self):
        """Resets the connections there are; new ones are welcome."""
        with self._lock:
            pairs = list(self._pairs)
        for pair in pairs:
            self._close(pair, abruptly=True)

    def cut(self):
        """Resets the connections and refuses new ones."""
        with self._lock:
            listener, self._listener = self._listener, None
        if listener is not None:
            # A blocked accept() keeps the port open after close(); shutdown() wakes it.
            try:
                listener.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
            listener.close()
        self.reset()

    def heal(self):
        self._flow.set()
        if self._listener is None:
            self._listen()

    def close(self):
        self.cut()
        self._flow.set()

    def __enter__(self) -> "TcpProxy":
        return self

    def __exit__(self, *_):
        self.close()

    # -- how ----------------------------------------------------------------------------------------------------------

    def _listen(self):
        listener = socket.socket()
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("127.0.0.1", self._port))
        listener.listen(64)
        self._port = listener.getsockname()[1]
        self._listener = listener
        threading.Thread(target=self._accept, args=(listener,), daemon=True).start()

    def _accept(self, listener: socket.socket):
        while True:
            try:
                client, _ = listener.accept()
            except OSError:
                return
            self.connections += 1
            threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket):
        try:
            server = socket.create_connection(self.target, timeout=10)
        except OSError:
            client.close()  # as a load balancer whose backend is gone
            return
        server.settimeout(None)
        pair = (client, server)
        with self._lock:
            self._pairs.add(pair)
        for source, sink in (pair, pair[::-1]):
            source.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            threading.Thread(target=self._pump, args=(source, sink, pair), daemon=True).start()

    def _pump(self, source: socket.socket, sink: socket.socket, pair):
        try:
            while data := source.recv(65536):
                self._flow.wait()
                sink.sendall(data)
            self._flow.wait()
        except OSError:
            pass
        self._close(pair, abruptly=False)

    def _close(self, pair, abruptly: bool):
        with self._lock:
            if pair not in self._pairs:
                return
            self._pairs.remove(pair)
        for end in pair:
            try:
                if abruptly:
                    end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))  # RST, not FIN
                end.shutdown(socket.SHUT_RDWR)  # wakes the thread that reads
            except OSError:
                pass
            end.close()
