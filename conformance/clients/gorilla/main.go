// SPDX-License-Identifier: Apache-2.0

// Lets gorilla/websocket talk to echo servers, with compression on and its defaults else: gorilla URL...
package main

import (
	"bytes"
	"fmt"
	"math/rand"
	"os"
	"strings"
	"time"

	"github.com/gorilla/websocket"
)

const (
	large = 1 << 20
	json  = `{"type":"price","symbol":"GIBN","bid":101.25,"ask":101.5,"venue":"Höhenkirchen 🐒","n":`
)

type message struct {
	kind int
	data []byte
}

func messages() []message {
	random := rand.New(rand.NewSource(10))
	all := []message{{websocket.TextMessage, nil}, {websocket.TextMessage, []byte("short")}}
	for i := 0; i < 20; i++ { // The same again and again refers back to what came before.
		all = append(all, message{websocket.TextMessage, bytes.Repeat([]byte(fmt.Sprintf("%s%d}", json, i%3)), 20)})
	}
	for _, length := range []int{0, 1, 125, 126, 1024, 65535, 65536, large} {
		data := make([]byte, length)
		random.Read(data)
		for i := 0; i+8 < length; i += 16 {
			copy(data[i:], "xxxxxxxx") // Half of it can be compressed.
		}
		all = append(all, message{websocket.BinaryMessage, data})
	}
	return all
}

func converse(url string) (string, error) {
	dialer := *websocket.DefaultDialer
	dialer.EnableCompression = true
	conn, reply, err := dialer.Dial(url, nil)
	if err != nil {
		return "", err
	}
	defer conn.Close()
	extensions := reply.Header.Get("Sec-Websocket-Extensions")
	if !strings.HasPrefix(extensions, "permessage-deflate") {
		return extensions, fmt.Errorf("no compression was agreed on: [%s]", extensions)
	}
	if err := conn.SetReadDeadline(time.Now().Add(2 * time.Minute)); err != nil {
		return extensions, err
	}
	for _, m := range messages() {
		if err := conn.WriteMessage(m.kind, m.data); err != nil {
			return extensions, err
		}
		kind, data, err := conn.ReadMessage()
		if err != nil {
			return extensions, err
		}
		if kind != m.kind || !bytes.Equal(data, m.data) {
			return extensions, fmt.Errorf("%d bytes sent, others came back", len(m.data))
		}
	}
	bye := websocket.FormatCloseMessage(websocket.CloseNormalClosure, "done")
	if err := conn.WriteControl(websocket.CloseMessage, bye, time.Now().Add(time.Minute)); err != nil {
		return extensions, err
	}
	if _, _, err := conn.ReadMessage(); !websocket.IsCloseError(err, websocket.CloseNormalClosure) {
		return extensions, fmt.Errorf("not closed with 1000: %v", err)
	}
	return extensions, nil
}

func main() {
	failed := false
	for _, url := range os.Args[1:] {
		extensions, err := converse(url)
		if err != nil {
			failed = true
			fmt.Printf("FAIL gorilla %s: %v\n", url, err)
			continue
		}
		fmt.Printf("ok   gorilla %s [%s]\n", url, extensions)
	}
	if failed {
		os.Exit(1)
	}
}
