package weir

import "unsafe"

// Facts is what every hook is told about the request.
type Facts struct {
	Streaming bool
	BodyBytes uint32
}

// Refusal is an answer that the client gets in place of the model's.
type Refusal struct {
	Status        uint16
	Code, Message string
}

// The plugin's hooks, to be set in its init function.
var (
	Init      func(settings string) error
	OnRequest func(Facts) *Refusal
	// OnPanic is told what a panic says, before the call ends as a fault.
	OnPanic func(said string)
)

// LogPanic is an OnPanic that writes to the gateway's log. The operator grants it under the name `log`.
func LogPanic(said string) {
	Log(Error, "panic: "+said)
}

// panicked tells what a panic says, and goes on with it.
func panicked() {
	why := recover()
	if why == nil {
		return
	}
	if OnPanic != nil {
		said := "it said nothing in words"
		switch why := why.(type) {
		case error:
			said = why.Error()
		case string:
			said = why
		}
		OnPanic(said)
	}
	panic(why)
}

// The answers, which the host reads after the call has ended. They keep alive what they point to.
var (
	initAnswer   failable
	policyAnswer struct {
		tag           uint32
		status        uint32
		code, message text
	}
	answered [2]string
)

//go:wasmexport weir:plugin/lifecycle@0.1.0#init
func exportInit(settings *byte, length uint32) *failable {
	defer panicked()
	given := unsafe.String(settings, length)
	received()
	initAnswer = failable{}
	if err := Init(given); err != nil {
		answered[0] = err.Error()
		initAnswer = failable{tag: 1, value: textOf(answered[0])}
	}
	return &initAnswer
}

//go:wasmexport weir:plugin/policy@0.1.0#on-request
func exportOnRequest(streaming, bodyBytes uint32) unsafe.Pointer {
	defer panicked()
	policyAnswer.tag = 0
	if refusal := OnRequest(Facts{streaming != 0, bodyBytes}); refusal != nil {
		answered = [2]string{refusal.Code, refusal.Message}
		policyAnswer.tag, policyAnswer.status = 1, uint32(refusal.Status)
		policyAnswer.code, policyAnswer.message = textOf(answered[0]), textOf(answered[1])
	}
	return unsafe.Pointer(&policyAnswer)
}
