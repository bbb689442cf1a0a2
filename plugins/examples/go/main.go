// Word-policy refuses requests that contain a denied word, and tells the provider who asks.
package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"slices"

	"word-policy/weir"
)

func main() {} // never called: the plugin is a library

func init() {
	weir.Init = start
	weir.OnRequest = onRequest
}

// What `start` has read, ready for use.
var (
	denied [][]byte
	header = "x-checked-by"
)

func start(settings string) error {
	var given map[string]json.RawMessage
	if err := json.Unmarshal([]byte(settings), &given); err != nil || given == nil {
		return errors.New("settings: must be a JSON object")
	}
	for name := range given {
		if name != "deny" && name != "header" {
			return errors.New("settings." + name + ": there is no such setting")
		}
	}
	var words []string
	if json.Unmarshal(given["deny"], &words) != nil || len(words) == 0 || slices.Contains(words, "") {
		return errors.New("settings.deny: must be a list of words, at least one, and none of them empty")
	}
	for _, word := range words {
		denied = append(denied, lower(word))
	}
	if value, there := given["header"]; there {
		header = "" // which null would leave as it is
		if json.Unmarshal(value, &header) != nil || header == "" {
			return errors.New("settings.header: must be the name of a header")
		}
	}
	return nil
}

func onRequest(weir.Facts) *weir.Refusal {
	weir.Count("seen", 1)
	for _, piece := range weir.Texts() {
		text := lower(piece.Text)
		for _, word := range denied {
			if bytes.Contains(text, word) {
				weir.Count("denied", 1)
				return &weir.Refusal{Status: 400, Code: "content_filter", Message: "this request contains a word that is not allowed here"}
			}
		}
	}
	err := weir.SetHeader(header, "word-policy")
	if err == nil {
		tenant, _ := json.Marshal(weir.Tenant())
		err = weir.Set("/user", string(tenant))
	}
	if err != nil {
		return &weir.Refusal{Status: 500, Code: "policy_failed", Message: err.Error()}
	}
	return nil
}

// lower makes small letters of the ASCII capitals and leaves every other byte alone.
func lower(text string) []byte {
	low := []byte(text)
	for i, b := range low {
		if 'A' <= b && b <= 'Z' {
			low[i] = b + 'a' - 'A'
		}
	}
	return low
}
