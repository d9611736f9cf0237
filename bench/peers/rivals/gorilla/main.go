// SPDX-License-Identifier: Apache-2.0

// gorilla/websocket: a goroutine per connection around ReadMessage and WriteMessage, the hub of its chat example for broadcasts.
package main

import (
	"compress/flate"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"strconv"
	"sync"

	"github.com/gorilla/websocket"
)

const (
	maxMessage = 64 << 20
	queue      = 256 // messages that wait for one connection, as in the chat example
)

var (
	deflate = os.Getenv("PEERS_DEFLATE") != ""
	level   = deflateLevel()
)

func deflateLevel() int {
	if level, err := strconv.Atoi(os.Getenv("PEERS_DEFLATE_LEVEL")); err == nil {
		return level
	}
	return flate.BestSpeed
}

var upgrader = websocket.Upgrader{
	WriteBufferPool:   &sync.Pool{}, // advised for many connections that seldom write
	EnableCompression: deflate,
	CheckOrigin:       func(*http.Request) bool { return true },
}

var members = struct {
	sync.RWMutex
	queues map[*member]struct{}
}{queues: map[*member]struct{}{}}

type member struct {
	outgoing chan *websocket.PreparedMessage
	done     chan struct{}
}

func upgrade(w http.ResponseWriter, r *http.Request) (*websocket.Conn, error) {
	conn, err := upgrader.Upgrade(w, r, nil)
	if err != nil {
		return nil, err
	}
	conn.SetReadLimit(maxMessage)
	if deflate {
		err = conn.SetCompressionLevel(level)
	}
	return conn, err
}

func echo(w http.ResponseWriter, r *http.Request) {
	conn, err := upgrade(w, r)
	if err != nil {
		return
	}
	defer conn.Close()
	for {
		messageType, message, err := conn.ReadMessage()
		if err != nil {
			return
		}
		if conn.WriteMessage(messageType, message) != nil {
			return
		}
	}
}

func broadcast(w http.ResponseWriter, r *http.Request) {
	conn, err := upgrade(w, r)
	if err != nil {
		return
	}
	defer conn.Close()
	self := &member{make(chan *websocket.PreparedMessage, queue), make(chan struct{})}
	members.Lock()
	members.queues[self] = struct{}{}
	members.Unlock()
	go func() {
		defer close(self.done)
		defer conn.Close()
		for message := range self.outgoing {
			if conn.WritePreparedMessage(message) != nil {
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
		messageType, message, err := conn.ReadMessage()
		if err != nil {
			return
		}
		prepared, err := websocket.NewPreparedMessage(messageType, message)
		if err != nil {
			return
		}
		members.RLock()
		for other := range members.queues {
			select {
			case other.outgoing <- prepared:
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
		server.Protocols.SetHTTP1(true) // HTTP/2 has no Upgrade
		log.Fatal(server.ServeTLS(listener, os.Args[2], os.Args[3]))
	}
	log.Fatal(server.Serve(listener))
}
