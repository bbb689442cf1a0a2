// The plugin {{name}}.
package main

import (
	"{{name}}/weir"
)

func main() {} // never called: the plugin is a library

func init() {
	weir.Init = start
	weir.OnRequest = onRequest
	weir.OnPanic = weir.LogPanic
}

// start gets the settings, a JSON object, once for each instance. An error keeps the plugin out of service: begin it with
// the place, such as "settings.deny: must be a list of words".
func start(settings string) error {
	return nil
}

// onRequest decides about a request: nil lets it pass.
func onRequest(facts weir.Facts) *weir.Refusal {
	// Go on here: weir.Pieces() are the request's pieces of text, weir.Header("x-team") is one of its headers, weir.SetHeader and
	// weir.Set change it. To refuse:
	//
	//	return &weir.Refusal{Status: 400, Code: "not_allowed", Message: "why not"}
	return nil
}
