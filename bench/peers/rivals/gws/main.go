// SPDX-License-Identifier: Apache-2.0

// gws on its own server: ReadLoop calls the handler, in order, as in its echo example; its Broadcaster for broadcasts. Text is not
// checked for UTF-8, which is its default.
package main

import (
	"bufio"
	"bytes"
	"compress/flate"
	"crypto/tls"
	"fmt"
	"log"
	"net"
	"net/http"
	"os"
	"strconv"
	"sync"

	"github.com/lxzan/gws"
)

const maxMessage = 64 << 20

type echo struct{ gws.BuiltinEventHandler }

func (*echo) OnPing(conn *gws.Conn, payload []byte) { _ = conn.WritePong(payload) }

func (*echo) OnMessage(conn *gws.Conn, message *gws.Message) {
	defer message.Close()
	_ = conn.WriteMessage(message.Opcode, message.Bytes())
}

type broadcast struct {
	gws.BuiltinEventHandler
	sync.RWMutex
	members map[*gws.Conn]struct{}
}

func (b *broadcast) OnOpen(conn *gws.Conn) {
	b.Lock()
	b.members[conn] = struct{}{}
	b.Unlock()
}

func (b *broadcast) OnClose(conn *gws.Conn, _ error) {
	b.Lock()
	delete(b.members, conn)
	b.Unlock()
}

func (*broadcast) OnPing(conn *gws.Conn, payload []byte) { _ = conn.WritePong(payload) }

func (b *broadcast) OnMessage(_ *gws.Conn, message *gws.Message) {
	defer message.Close()
	prepared := gws.NewBroadcaster(message.Opcode, bytes.Clone(message.Bytes())) // sent after this message is recycled
	defer prepared.Close()
	b.RLock()
	defer b.RUnlock()
	for member := range b.members {
		_ = prepared.Broadcast(member)
	}
}

func deflateLevel() int {
	if level, err := strconv.Atoi(os.Getenv("PEERS_DEFLATE_LEVEL")); err == nil {
		return level
	}
	return flate.BestSpeed
}

func options() *gws.ServerOption {
	deflate := os.Getenv("PEERS_DEFLATE")
	return &gws.ServerOption{
		ReadMaxPayloadSize:  maxMessage,
		WriteMaxPayloadSize: maxMessage,
		Recovery:            gws.Recovery,
		PermessageDeflate: gws.PermessageDeflate{
			Enabled:               deflate != "",
			Level:                 deflateLevel(),
			Threshold:             1,
			ServerContextTakeover: deflate == "takeover", // with a window of 2^12, its default then
			ClientContextTakeover: deflate == "takeover",
		},
	}
}

func main() {
	if len(os.Args) != 2 && len(os.Args) != 4 {
		log.Fatal("usage: PORT [CERT.pem KEY.pem]")
	}
	listener, err := net.Listen("tcp4", "0.0.0.0:"+os.Args[1])
	if err != nil {
		log.Fatal(err)
	}
	if len(os.Args) == 4 {
		certificate, err := tls.LoadX509KeyPair(os.Args[2], os.Args[3])
		if err != nil {
			log.Fatal(err)
		}
		listener = tls.NewListener(listener, &tls.Config{Certificates: []tls.Certificate{certificate}})
	}
	upgraders := map[string]*gws.Upgrader{
		"/echo":      gws.NewUpgrader(&echo{}, options()),
		"/broadcast": gws.NewUpgrader(&broadcast{members: map[*gws.Conn]struct{}{}}, options()),
	}
	server := gws.NewServer(&gws.BuiltinEventHandler{}, options())
	server.OnError = func(conn net.Conn, err error) {
		if conn == nil {
			log.Fatal(err) // accept failed, say for want of descriptors
		}
		_ = conn.Close()
	}
	server.OnRequest = func(conn net.Conn, reader *bufio.Reader, request *http.Request) {
		upgrader := upgraders[request.URL.Path]
		if upgrader == nil {
			_, _ = conn.Write([]byte("HTTP/1.1 404 Not Found\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"))
			_ = conn.Close()
			return
		}
		if socket, err := upgrader.UpgradeFromConn(conn, reader, request); err == nil {
			socket.ReadLoop()
		}
	}
	fmt.Println("ready")
	log.Fatal(server.RunListener(listener))
}
