// SPDX-License-Identifier: Apache-2.0
module gibbon/conformance/clients/gorilla

go 1.19

require github.com/gorilla/websocket v1.5.3
