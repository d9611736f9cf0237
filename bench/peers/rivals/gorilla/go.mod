// SPDX-License-Identifier: Apache-2.0
module gibbon/bench/peers/gorilla

go 1.24

require github.com/gorilla/websocket v1.5.3
