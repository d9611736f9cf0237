// SPDX-License-Identifier: Apache-2.0
module gibbon/bench/peers/coder

go 1.24

require github.com/coder/websocket v1.8.15
