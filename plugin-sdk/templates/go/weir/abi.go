// Package weir speaks the contract of Weir's plugins, in the canonical ABI of the component model.
//
// What the host hands over it puts into memory that it asks `cabi_realloc` for. Such a piece is ordinary garbage-collected
// memory: `incoming` holds it until the Go value made of it does, and the collector moves nothing.
package weir

import (
	"errors"
	"structs"
	"unsafe"
)

var incoming [][]byte

//go:wasmexport cabi_realloc
func realloc(old unsafe.Pointer, oldSize, align, size uint32) unsafe.Pointer {
	if size == 0 {
		return unsafe.Pointer(uintptr(align))
	}
	piece := make([]byte, size)
	copy(piece, unsafe.Slice((*byte)(old), oldSize))
	incoming = append(incoming, piece)
	return unsafe.Pointer(&piece[0])
}

// received forgets what came in: from now on it lives as long as somebody uses it.
func received() {
	clear(incoming)
	incoming = incoming[:0]
}

// text is a string or a list, as it lies in memory: an address and a length. Go's own pointers are wider.
type text struct {
	_       structs.HostLayout
	at, len uint32
}

// piece is a piece of text, as it lies in memory.
type piece struct {
	_       structs.HostLayout
	pointer text
	kind    uint8
	role    text
	choice  uint32
	hasCall uint8
	call    uint32
	event   uint32
	text    text
}

func (t text) string() string {
	if t.len == 0 {
		return ""
	}
	return unsafe.String((*byte)(address(t.at)), t.len)
}

func textOf(s string) text {
	return text{at: uint32(uintptr(unsafe.Pointer(unsafe.StringData(s)))), len: uint32(len(s))}
}

// address makes a pointer of an address that came from the host.
func address(at uint32) unsafe.Pointer {
	wide := uintptr(at)
	return *(*unsafe.Pointer)(unsafe.Pointer(&wide))
}

// failable is a `result<_, string>`; option<string> looks the same, with 1 for some.
type failable struct {
	_     structs.HostLayout
	tag   uint32
	value text
}

func (f *failable) err() error {
	defer received()
	if f.tag&0xff == 0 {
		return nil
	}
	return errors.New(f.value.string())
}

func (f *failable) option() (string, bool) {
	defer received()
	if f.tag&0xff == 0 {
		return "", false
	}
	return f.value.string(), true
}
