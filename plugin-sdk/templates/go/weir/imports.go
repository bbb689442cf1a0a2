// What a policy may ask of the host. What is not here yet is a wasmimport and a few lines. After a build,
// `wasm-tools component embed --dummy-names legacy -t target/wit` shows the names and signatures of all.

package weir

import "unsafe"

// Text is the text of a message, or of a part of one.
type Text struct{ Role, Text string }

// Kind says what a piece of text is.
type Kind uint8

// What a piece of text is.
const (
	Said Kind = iota
	Arguments
	ToolResult
	Reasoning
	RefusalText
	Description
	Other
)

// Piece is a piece of text, wherever it stands.
type Piece struct {
	Pointer string // RFC 6901
	Kind    Kind
	Role    string // empty for what stands in no message
	Choice  uint32
	Call    int64 // the tool call that it belongs to, or -1
	Text    string
}

// Tenant answers the name of the tenant whose key came with the request.
func Tenant() string {
	var out text
	requestTenant(&out)
	defer received()
	return out.string()
}

// Model answers the model as the client asked for it.
func Model() string {
	var out text
	requestModel(&out)
	defer received()
	return out.string()
}

// Header answers the value of a header, and whether it is there.
func Header(name string) (string, bool) {
	var out failable
	requestHeader(unsafe.StringData(name), uint32(len(name)), &out)
	return out.option()
}

// Get answers the JSON value at an RFC 6901 pointer into the body, and whether something is there.
func Get(pointer string) (string, bool) {
	var out failable
	requestGet(unsafe.StringData(pointer), uint32(len(pointer)), &out)
	return out.option()
}

// Pieces answers every piece of text that a model will read.
func Pieces() []Piece {
	var out text
	requestPieces(&out)
	defer received()
	pieces := make([]Piece, out.len)
	for i, p := range unsafe.Slice((*piece)(address(out.at)), out.len) {
		pieces[i] = Piece{p.pointer.string(), Kind(p.kind), p.role.string(), p.choice, -1, p.text.string()}
		if p.hasCall != 0 {
			pieces[i].Call = int64(p.call)
		}
	}
	return pieces
}

// SetPiece replaces one piece of text, by its index in the last answer of Pieces.
func SetPiece(index int, text string) error {
	var out failable
	requestSetPiece(uint32(index), unsafe.StringData(text), uint32(len(text)), &out)
	return out.err()
}

// Texts answers the texts of the messages; a guard wants Pieces.
func Texts() []Text {
	var out text
	requestTexts(&out)
	defer received()
	texts := make([]Text, out.len)
	for i, piece := range unsafe.Slice((*[2]text)(address(out.at)), out.len) {
		texts[i] = Text{piece[0].string(), piece[1].string()}
	}
	return texts
}

// SetHeader sets a header that goes upstream.
func SetHeader(name, value string) error {
	var out failable
	requestSetHeader(unsafe.StringData(name), uint32(len(name)), unsafe.StringData(value), uint32(len(value)), &out)
	return out.err()
}

// Set sets the value (JSON text) at an RFC 6901 pointer into the body.
func Set(pointer, value string) error {
	var out failable
	requestSet(unsafe.StringData(pointer), uint32(len(pointer)), unsafe.StringData(value), uint32(len(value)), &out)
	return out.err()
}

// SetText replaces one piece of text, by its index in Texts.
func SetText(index int, text string) error {
	var out failable
	requestSetText(uint32(index), unsafe.StringData(text), uint32(len(text)), &out)
	return out.err()
}

// Log writes one line to the gateway's log. The operator grants it under the name `log`.
func Log(level Level, message string) {
	logWrite(uint32(level), unsafe.StringData(message), uint32(len(message)))
}

// Level says how grave a line of the log is.
type Level uint32

// How grave a line is.
const (
	Trace Level = iota
	Debug
	Info
	Warn
	Error
)

// Count adds to a counter of this plugin and tenant. The operator grants it under the name `counters`.
func Count(name string, value uint64) {
	countersAdd(unsafe.StringData(name), uint32(len(name)), value)
}

//go:wasmimport weir:plugin/request@0.1.0 tenant
func requestTenant(out *text)

//go:wasmimport weir:plugin/request@0.1.0 model
func requestModel(out *text)

//go:wasmimport weir:plugin/request@0.1.0 header
func requestHeader(name *byte, nameLen uint32, out *failable)

//go:wasmimport weir:plugin/request@0.1.0 get
func requestGet(pointer *byte, pointerLen uint32, out *failable)

//go:wasmimport weir:plugin/request@0.1.0 texts
func requestTexts(out *text)

//go:wasmimport weir:plugin/request@0.1.0 pieces
func requestPieces(out *text)

//go:wasmimport weir:plugin/request@0.1.0 set-piece
func requestSetPiece(index uint32, text *byte, textLen uint32, out *failable)

//go:wasmimport weir:plugin/request@0.1.0 set-header
func requestSetHeader(name *byte, nameLen uint32, value *byte, valueLen uint32, out *failable)

//go:wasmimport weir:plugin/request@0.1.0 set
func requestSet(pointer *byte, pointerLen uint32, value *byte, valueLen uint32, out *failable)

//go:wasmimport weir:plugin/request@0.1.0 set-text
func requestSetText(index uint32, text *byte, textLen uint32, out *failable)

//go:wasmimport weir:plugin/log@0.1.0 write
func logWrite(level uint32, message *byte, messageLen uint32)

//go:wasmimport weir:plugin/counters@0.1.0 add
func countersAdd(name *byte, nameLen uint32, value uint64)
