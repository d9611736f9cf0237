// SPDX-License-Identifier: Apache-2.0

// coder/websocket: a goroutine per connection around Read and Write. It has no prepared messages: a broadcast writes to each.
package main

import (
	"context"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"sync"

	"github.com/coder/websocket"
)

const (
	maxMessage = 64 << 20
	queue      = 256 // messages that wait for one connection; its chat example has 16 and drops who is slower
)

var options = &websocket.AcceptOptions{InsecureSkipVerify: true} // any origin; compression is off unless asked for

type message struct {
	kind  websocket.MessageType
	bytes []byte
}

type member struct {
	outgoing chan message
	done     chan struct{}
}

var members = struct {
	sync.RWMutex
	queues map[*member]struct{}
}{queues: map[*member]struct{}{}}

func accept(w http.ResponseWriter, r *http.Request) (*websocket.Conn, error) {
	conn, err := websocket.Accept(w, r, options)
	if err == nil {
		conn.SetReadLimit(maxMessage)
	}
	return conn, err
}

func echo(w http.ResponseWriter, r *http.Request) {
	conn, err := accept(w, r)
	if err != nil {
		return
	}
	defer conn.CloseNow()
	ctx := context.Background()
	for {
		kind, bytes, err := conn.Read(ctx)
		if err != nil {
			return
		}
		if conn.Write(ctx, kind, bytes) != nil {
			return
		}
	}
}

func broadcast(w http.ResponseWriter, r *http.Request) {
	conn, err := accept(w, r)
	if err != nil {
		return
	}
	defer conn.CloseNow()
	ctx := context.Background()
	self := &member{make(chan message, queue), make(chan struct{})}
	members.Lock()
	members.queues[self] = struct{}{}
	members.Unlock()
	go func() {
		defer close(self.done)
		defer conn.CloseNow()
		for next := range self.outgoing {
			if conn.Write(ctx, next.kind, next.bytes) != nil {
				return
			}
		}
	}()
	defer func() {
		members.Lock() // nobody sends to the channel any more once this is held
		delete(members.queues, self)
		members.Unlock()
		close(self.outgoing)
	}()
	for {
		kind, bytes, err := conn.Read(ctx)
		if err != nil {
			return
		}
		members.RLock()
		for other := range members.queues {
			select {
			case other.outgoing <- message{kind, bytes}:
			case <-other.done:
			}
		}
		members.RUnlock()
	}
}

func main() {
	if len(os.Args) != 2 && len(os.Args) != 4 {
		log.Fatal("usage: PORT [CERT.pem KEY.pem]")
	}
	switch os.Getenv("PEERS_DEFLATE") { // its level cannot be set
	case "1":
		options.CompressionMode = websocket.CompressionNoContextTakeover
		options.CompressionThreshold = 1
	case "takeover":
		options.CompressionMode = websocket.CompressionContextTakeover
		options.CompressionThreshold = 1
	}
	http.HandleFunc("/echo", echo)
	http.HandleFunc("/broadcast", broadcast)
	listener, err := net.Listen("tcp4", "0.0.0.0:"+os.Args[1])
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("ready")
	server := &http.Server{ErrorLog: log.New(io.Discard, "", 0)}
	if len(os.Args) == 4 {
		server.Protocols = new(http.Protocols)
		server.Protocols.SetHTTP1(true) // HTTP/2 has no Upgrade here
		log.Fatal(server.ServeTLS(listener, os.Args[2], os.Args[3]))
	}
	log.Fatal(server.Serve(listener))
}
