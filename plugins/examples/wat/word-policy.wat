;; world: lifecycle-hook+policy-hook
;;
;; Word-policy refuses requests that contain a denied word, and tells the provider who asks.
;;
;; A function of the contract is here a function of numbers, as the canonical ABI flattens it: a string or a list is an
;; address and a length; what does not fit into one number comes back at an address that goes in last. What the host hands
;; over it puts where `cabi_realloc` says.
(module
  (import "weir:plugin/counters@0.1.0" "add" (func $count (param i32 i32 i64)))
  (import "weir:plugin/request@0.1.0" "texts" (func $texts (param i32)))
  (import "weir:plugin/request@0.1.0" "tenant" (func $tenant (param i32)))
  (import "weir:plugin/request@0.1.0" "set-header" (func $set-header (param i32 i32 i32 i32 i32)))
  (import "weir:plugin/request@0.1.0" "set" (func $set (param i32 i32 i32 i32 i32)))

  ;; From 0 on what the hooks answer with, from 32 on what the host answers with; then texts; from 1024 on what is handed out.
  (memory (export "memory") 1)
  (global $answer i32 (i32.const 0))
  (global $result i32 (i32.const 32))
  (data (i32.const 64) "seen")
  (data (i32.const 68) "denied")
  (data (i32.const 74) "word-policy")
  (data (i32.const 85) "/user")
  (data (i32.const 90) "deny")
  (data (i32.const 94) "header")
  (data (i32.const 100) "x-checked-by")
  (data (i32.const 112) "true")
  (data (i32.const 116) "false")
  (data (i32.const 121) "null")
  (data (i32.const 125) "content_filter")
  (data (i32.const 139) "policy_failed")
  (data (i32.const 152) "this request contains a word that is not allowed here")
  (data (i32.const 205) "settings: must be a JSON object")
  (data (i32.const 236) "settings.deny: must be a list of words, at least one, and none of them empty")
  (data (i32.const 312) "settings.header: must be the name of a header")
  (data (i32.const 357) "settings.")
  (data (i32.const 366) ": there is no such setting")
  (data (i32.const 392) "\"\\/\08\0c\0a\0d\09") ;; what "\/bfnrt mean behind a backslash
  (data (i32.const 400) "\"\\/bfnrt")

  ;; What `init` has read: the denied words in small letters, each as address and length, and the header's name.
  (global $words (mut i32) (i32.const 0))
  (global $words-end (mut i32) (i32.const 0))
  (global $header (mut i32) (i32.const 100))
  (global $header-length (mut i32) (i32.const 12))

  ;; ---- Memory: handed out upwards, and taken back as a whole when the call is over.

  (global $free (mut i32) (i32.const 1024))
  (global $floor (mut i32) (i32.const 1024))

  (func $allocate (param $length i32) (result i32)
    (local $at i32)
    (local.set $at (i32.and (i32.add (global.get $free) (i32.const 7)) (i32.const -8)))
    (global.set $free (i32.add (local.get $at) (local.get $length)))
    (if (i32.lt_u (global.get $free) (local.get $at)) (then unreachable))
    (block $enough
      (br_if $enough (i32.le_u (global.get $free) (i32.shl (memory.size) (i32.const 16))))
      (br_if $enough (i32.ne (memory.grow (i32.add (i32.shr_u (local.get $length) (i32.const 16)) (i32.const 1))) (i32.const -1)))
      unreachable)
    (local.get $at))

  (func (export "cabi_realloc") (param $old i32) (param $old-length i32) (param $align i32) (param $length i32) (result i32)
    (local $at i32)
    (local.set $at (call $allocate (local.get $length)))
    (memory.copy (local.get $at) (local.get $old) (local.get $old-length))
    (local.get $at))

  (func $over (param $answer i32) (global.set $free (global.get $floor)))
  (export "cabi_post_weir:plugin/lifecycle@0.1.0#init" (func $over))
  (export "cabi_post_weir:plugin/policy@0.1.0#on-request" (func $over))

  ;; ---- The policy.

  (func (export "weir:plugin/policy@0.1.0#on-request") (param $streaming i32) (param $body-bytes i32) (result i32)
    (call $count (i32.const 64) (i32.const 4) (i64.const 1))
    (call $texts (global.get $result))
    (if (call $any-denied (i32.load (global.get $result)) (i32.load offset=4 (global.get $result)))
      (then
        (call $count (i32.const 68) (i32.const 6) (i64.const 1))
        (return (call $refuse (i32.const 400) (i32.const 125) (i32.const 14) (i32.const 152) (i32.const 53)))))
    ;; A byte that says ok or error, then the error's text.
    (call $set-header (global.get $header) (global.get $header-length) (i32.const 74) (i32.const 11) (global.get $result))
    (if (i32.eqz (i32.load8_u (global.get $result)))
      (then
        (call $tenant (global.get $result))
        (call $quote (i32.load (global.get $result)) (i32.load offset=4 (global.get $result)))
        (call $set (i32.const 85) (i32.const 5) (global.get $text) (global.get $length) (global.get $result))))
    (if (i32.load8_u (global.get $result))
      (then
        (return (call $refuse (i32.const 500) (i32.const 139) (i32.const 13)
          (i32.load offset=4 (global.get $result)) (i32.load offset=8 (global.get $result))))))
    (i32.store8 (global.get $answer) (i32.const 0))
    (global.get $answer))

  (func $refuse (param $status i32) (param $code i32) (param $code-length i32) (param $message i32) (param $message-length i32) (result i32)
    (i32.store8 (global.get $answer) (i32.const 1))
    (i32.store16 offset=4 (global.get $answer) (local.get $status))
    (i32.store offset=8 (global.get $answer) (local.get $code))
    (i32.store offset=12 (global.get $answer) (local.get $code-length))
    (i32.store offset=16 (global.get $answer) (local.get $message))
    (i32.store offset=20 (global.get $answer) (local.get $message-length))
    (global.get $answer))

  ;; Whether one of the texts contains one of the words. A text is four numbers: role and text, address and length each.
  (func $any-denied (param $piece i32) (param $count i32) (result i32)
    (local $word i32)
    (loop $each-text
      (if (local.get $count)
        (then
          (local.set $word (global.get $words))
          (loop $each-word
            (if (i32.lt_u (local.get $word) (global.get $words-end))
              (then
                (if (call $contains
                      (i32.load offset=8 (local.get $piece)) (i32.load offset=12 (local.get $piece))
                      (i32.load (local.get $word)) (i32.load offset=4 (local.get $word)))
                  (then (return (i32.const 1))))
                (local.set $word (i32.add (local.get $word) (i32.const 8)))
                (br $each-word))))
          (local.set $piece (i32.add (local.get $piece) (i32.const 16)))
          (local.set $count (i32.sub (local.get $count) (i32.const 1)))
          (br $each-text))))
    (i32.const 0))

  (func $contains (param $text i32) (param $text-length i32) (param $word i32) (param $length i32) (result i32)
    (local $last i32) (local $i i32)
    (if (i32.lt_u (local.get $text-length) (local.get $length)) (then (return (i32.const 0))))
    (local.set $last (i32.add (local.get $text) (i32.sub (local.get $text-length) (local.get $length))))
    (loop $each-start
      (local.set $i (i32.const 0))
      (loop $each-letter
        (if (i32.eq (call $lower (i32.load8_u (i32.add (local.get $text) (local.get $i))))
                    (i32.load8_u (i32.add (local.get $word) (local.get $i))))
          (then
            (local.set $i (i32.add (local.get $i) (i32.const 1)))
            (br_if $each-letter (i32.lt_u (local.get $i) (local.get $length)))
            (return (i32.const 1)))))
      (local.set $text (i32.add (local.get $text) (i32.const 1)))
      (br_if $each-start (i32.le_u (local.get $text) (local.get $last))))
    (i32.const 0))

  ;; An ASCII capital becomes small, every other byte stays.
  (func $lower (param $byte i32) (result i32)
    (i32.add (local.get $byte)
      (i32.shl (i32.lt_u (i32.sub (local.get $byte) (i32.const 65)) (i32.const 26)) (i32.const 5))))

  ;; ---- The settings.

  (func (export "weir:plugin/lifecycle@0.1.0#init") (param $settings i32) (param $size i32) (result i32)
    (local $deny i32) (local $header i32)
    ;; A first walk learns whether the text is well-formed: the second need not ask again.
    (global.set $at (local.get $settings))
    (global.set $end (i32.add (local.get $settings) (local.get $size)))
    (if (i32.eqz (call $value (i32.const 64))) (then (return (call $problem (i32.const 205) (i32.const 31)))))
    (if (i32.ne (global.get $at) (global.get $end)) (then (return (call $problem (i32.const 205) (i32.const 31)))))
    (global.set $at (local.get $settings))
    (if (i32.eqz (call $sign (i32.const 0x7b))) (then (return (call $problem (i32.const 205) (i32.const 31))))) ;; {
    (loop $each
      (if (i32.eqz (call $sign (i32.const 0x7d))) ;; }
        (then
          (drop (call $string (i32.const 1)))
          (drop (call $sign (i32.const 0x3a))) ;; :
          (if (call $is (i32.const 90) (i32.const 4))
            (then (local.set $deny (global.get $at)))
            (else (if (call $is (i32.const 94) (i32.const 6))
              (then (local.set $header (global.get $at)))
              (else (return (call $no-such-setting))))))
          (drop (call $value (i32.const 64)))
          (drop (call $sign (i32.const 0x2c))) ;; ,
          (br $each))))
    (block $good
      (if (local.get $deny)
        (then
          (global.set $at (local.get $deny))
          (br_if $good (call $read-words))))
      (return (call $problem (i32.const 236) (i32.const 76))))
    (if (local.get $header)
      (then
        (global.set $at (local.get $header))
        (if (i32.eqz (call $string (i32.const 1))) (then (return (call $problem (i32.const 312) (i32.const 45)))))
        (if (i32.eqz (global.get $length)) (then (return (call $problem (i32.const 312) (i32.const 45)))))
        (global.set $header (global.get $text))
        (global.set $header-length (global.get $length))))
    ;; The words and the name stay where they are.
    (global.set $floor (global.get $free))
    (i32.store8 (global.get $answer) (i32.const 0))
    (global.get $answer))

  (func $problem (param $text i32) (param $length i32) (result i32)
    (i32.store8 (global.get $answer) (i32.const 1))
    (i32.store offset=4 (global.get $answer) (local.get $text))
    (i32.store offset=8 (global.get $answer) (local.get $length))
    (global.get $answer))

  (func $no-such-setting (result i32)
    (local $at i32)
    (local.set $at (call $allocate (i32.add (global.get $length) (i32.const 35))))
    (memory.copy (local.get $at) (i32.const 357) (i32.const 9))
    (memory.copy (i32.add (local.get $at) (i32.const 9)) (global.get $text) (global.get $length))
    (memory.copy (i32.add (i32.add (local.get $at) (i32.const 9)) (global.get $length)) (i32.const 366) (i32.const 26))
    (call $problem (local.get $at) (i32.add (global.get $length) (i32.const 35))))

  ;; Reads a list of strings with something in them.
  (func $read-words (result i32)
    (local $i i32)
    (if (i32.eqz (call $sign (i32.const 0x5b))) (then (return (i32.const 0)))) ;; [
    (global.set $words (call $allocate (i32.const 0)))
    (loop $each
      (if (i32.eqz (call $string (i32.const 1))) (then (return (i32.const 0))))
      (if (i32.eqz (global.get $length)) (then (return (i32.const 0))))
      (local.set $i (i32.add (global.get $text) (global.get $length)))
      (loop $each-letter
        (local.set $i (i32.sub (local.get $i) (i32.const 1)))
        (i32.store8 (local.get $i) (call $lower (i32.load8_u (local.get $i))))
        (br_if $each-letter (i32.gt_u (local.get $i) (global.get $text))))
      (global.set $words-end (call $allocate (i32.const 8)))
      (i32.store (global.get $words-end) (global.get $text))
      (i32.store offset=4 (global.get $words-end) (global.get $length))
      (global.set $words-end (i32.add (global.get $words-end) (i32.const 8)))
      (br_if $each (call $sign (i32.const 0x2c)))) ;; ,
    (call $sign (i32.const 0x5d))) ;; ]

  ;; ---- JSON: a cursor that steps over values. Each step answers whether it found what it was to step over.

  (global $at (mut i32) (i32.const 0))
  (global $end (mut i32) (i32.const 0))
  ;; The string that was read or written last.
  (global $text (mut i32) (i32.const 0))
  (global $length (mut i32) (i32.const 0))

  ;; The byte at the cursor, 0 at the end.
  (func $next (result i32)
    (if (result i32) (i32.lt_u (global.get $at) (global.get $end))
      (then (i32.load8_u (global.get $at)))
      (else (i32.const 0))))

  (func $step (global.set $at (i32.add (global.get $at) (i32.const 1))))

  (func $space
    (local $byte i32)
    (loop $each
      (local.set $byte (call $next))
      (if (i32.or
            (i32.or (i32.eq (local.get $byte) (i32.const 0x20)) (i32.eq (local.get $byte) (i32.const 0x0a)))
            (i32.or (i32.eq (local.get $byte) (i32.const 0x0d)) (i32.eq (local.get $byte) (i32.const 0x09))))
        (then (call $step) (br $each)))))

  ;; One byte.
  (func $byte (param $wanted i32) (result i32)
    (if (i32.ne (call $next) (local.get $wanted)) (then (return (i32.const 0))))
    (call $step)
    (i32.const 1))

  ;; One byte and the white space around it.
  (func $sign (param $wanted i32) (result i32)
    (local $found i32)
    (call $space)
    (local.set $found (call $byte (local.get $wanted)))
    (call $space)
    (local.get $found))

  ;; A word such as `true`.
  (func $literal (param $word i32) (param $length i32) (result i32)
    (loop $each
      (if (i32.eqz (call $byte (i32.load8_u (local.get $word)))) (then (return (i32.const 0))))
      (local.set $word (i32.add (local.get $word) (i32.const 1)))
      (local.set $length (i32.sub (local.get $length) (i32.const 1)))
      (br_if $each (local.get $length)))
    (i32.const 1))

  (func $digits (result i32)
    (local $found i32)
    (loop $each
      (if (i32.lt_u (i32.sub (call $next) (i32.const 0x30)) (i32.const 10))
        (then (local.set $found (i32.const 1)) (call $step) (br $each))))
    (local.get $found))

  (func $number (result i32)
    (drop (call $byte (i32.const 0x2d))) ;; -
    (if (i32.eqz (call $byte (i32.const 0x30))) ;; 0
      (then (if (i32.eqz (call $digits)) (then (return (i32.const 0))))))
    (if (call $byte (i32.const 0x2e)) ;; .
      (then (if (i32.eqz (call $digits)) (then (return (i32.const 0))))))
    (if (i32.eq (call $lower (call $next)) (i32.const 0x65)) ;; e or E
      (then
        (call $step)
        (if (i32.eqz (call $byte (i32.const 0x2d))) (then (drop (call $byte (i32.const 0x2b))))) ;; - or +
        (return (call $digits))))
    (i32.const 1))

  ;; Any value, nested no deeper than `depth`, and the white space around it.
  (func $value (param $depth i32) (result i32)
    (local $object i32) (local $last i32) (local $first i32) (local $good i32)
    (if (i32.eqz (local.get $depth)) (then (return (i32.const 0))))
    (local.set $object (call $sign (i32.const 0x7b))) ;; {
    (if (if (result i32) (local.get $object) (then (i32.const 1)) (else (call $sign (i32.const 0x5b)))) ;; [
      (then
        (local.set $last (select (i32.const 0x7d) (i32.const 0x5d) (local.get $object))) ;; } or ]
        (if (call $sign (local.get $last)) (then (return (i32.const 1))))
        (loop $each
          (if (local.get $object)
            (then
              (call $space)
              (if (i32.eqz (call $string (i32.const 0))) (then (return (i32.const 0))))
              (if (i32.eqz (call $sign (i32.const 0x3a))) (then (return (i32.const 0)))))) ;; :
          (if (i32.eqz (call $value (i32.sub (local.get $depth) (i32.const 1)))) (then (return (i32.const 0))))
          (br_if $each (call $sign (i32.const 0x2c)))) ;; ,
        (return (call $sign (local.get $last)))))
    (call $space)
    (local.set $first (call $next))
    (local.set $good
      (if (result i32) (i32.eq (local.get $first) (i32.const 0x22)) ;; "
        (then (call $string (i32.const 0)))
        (else (if (result i32) (i32.eq (local.get $first) (i32.const 0x74)) ;; t
          (then (call $literal (i32.const 112) (i32.const 4)))
          (else (if (result i32) (i32.eq (local.get $first) (i32.const 0x66)) ;; f
            (then (call $literal (i32.const 116) (i32.const 5)))
            (else (if (result i32) (i32.eq (local.get $first) (i32.const 0x6e)) ;; n
              (then (call $literal (i32.const 121) (i32.const 4)))
              (else (call $number))))))))))
    (call $space)
    (local.get $good))

  ;; A string: `text` and `length` are what it means. With `write` the text's bytes are put in place of the escaped ones.
  (func $string (param $write i32) (result i32)
    (local $to i32) (local $byte i32) (local $code i32)
    (if (i32.eqz (call $byte (i32.const 0x22))) (then (return (i32.const 0))))
    (global.set $text (global.get $at))
    (local.set $to (global.get $at))
    (block $closed
      (loop $each
        (local.set $byte (call $next))
        (if (i32.lt_u (local.get $byte) (i32.const 0x20)) (then (return (i32.const 0)))) ;; the end, too
        (call $step)
        (br_if $closed (i32.eq (local.get $byte) (i32.const 0x22)))
        (if (i32.eq (local.get $byte) (i32.const 0x5c)) ;; \
          (then
            (local.set $code (call $escape))
            (if (i32.lt_s (local.get $code) (i32.const 0)) (then (return (i32.const 0))))
            (if (local.get $write)
              (then (local.set $to (call $put-utf8 (local.get $to) (local.get $code))))))
          (else
            (if (local.get $write) (then (i32.store8 (local.get $to) (local.get $byte))))
            (local.set $to (i32.add (local.get $to) (i32.const 1)))))
        (br $each)))
    (global.set $length (i32.sub (local.get $to) (global.get $text)))
    (i32.const 1))

  ;; The character that is written behind a backslash, -1 if there is none.
  (func $escape (result i32)
    (local $byte i32) (local $i i32) (local $high i32) (local $low i32)
    (local.set $byte (call $next))
    (call $step)
    (if (i32.eq (local.get $byte) (i32.const 0x75)) ;; u
      (then
        (local.set $high (call $four-digits))
        (if (i32.ne (i32.and (local.get $high) (i32.const 0xfffff800)) (i32.const 0xd800)) (then (return (local.get $high))))
        ;; Half of a pair.
        (if (i32.ge_u (local.get $high) (i32.const 0xdc00)) (then (return (i32.const -1))))
        (if (i32.eqz (call $byte (i32.const 0x5c))) (then (return (i32.const -1))))
        (if (i32.eqz (call $byte (i32.const 0x75))) (then (return (i32.const -1))))
        (local.set $low (i32.sub (call $four-digits) (i32.const 0xdc00)))
        (if (i32.ge_u (local.get $low) (i32.const 0x400)) (then (return (i32.const -1))))
        (return (i32.add (i32.const 0x10000)
          (i32.or (i32.shl (i32.sub (local.get $high) (i32.const 0xd800)) (i32.const 10)) (local.get $low))))))
    (loop $each
      (if (i32.eq (i32.load8_u offset=400 (local.get $i)) (local.get $byte))
        (then (return (i32.load8_u offset=392 (local.get $i)))))
      (local.set $i (i32.add (local.get $i) (i32.const 1)))
      (br_if $each (i32.lt_u (local.get $i) (i32.const 8))))
    (i32.const -1))

  (func $four-digits (result i32)
    (local $count i32) (local $sum i32) (local $digit i32)
    (local.set $count (i32.const 4))
    (loop $each
      (local.set $digit (i32.sub (call $next) (i32.const 0x30)))
      (if (i32.ge_u (local.get $digit) (i32.const 10))
        (then
          (local.set $digit (i32.sub (call $lower (call $next)) (i32.const 0x57)))
          (if (i32.ge_u (i32.sub (local.get $digit) (i32.const 10)) (i32.const 6)) (then (return (i32.const -1))))))
      (call $step)
      (local.set $sum (i32.or (i32.shl (local.get $sum) (i32.const 4)) (local.get $digit)))
      (local.set $count (i32.sub (local.get $count) (i32.const 1)))
      (br_if $each (local.get $count)))
    (local.get $sum))

  ;; Writes a character and answers where the next one goes.
  (func $put-utf8 (param $to i32) (param $code i32) (result i32)
    (local $more i32)
    (if (i32.lt_u (local.get $code) (i32.const 0x80))
      (then
        (i32.store8 (local.get $to) (local.get $code))
        (return (i32.add (local.get $to) (i32.const 1)))))
    ;; How many bytes follow the first: six bits each.
    (local.set $more (i32.add (i32.const 1)
      (i32.add (i32.ge_u (local.get $code) (i32.const 0x800)) (i32.ge_u (local.get $code) (i32.const 0x10000)))))
    (i32.store8 (local.get $to)
      (i32.or (i32.shr_s (i32.const -128) (local.get $more))
              (i32.shr_u (local.get $code) (i32.mul (local.get $more) (i32.const 6)))))
    (loop $each
      (local.set $to (i32.add (local.get $to) (i32.const 1)))
      (local.set $more (i32.sub (local.get $more) (i32.const 1)))
      (i32.store8 (local.get $to)
        (i32.or (i32.const 0x80)
          (i32.and (i32.shr_u (local.get $code) (i32.mul (local.get $more) (i32.const 6))) (i32.const 0x3f))))
      (br_if $each (local.get $more)))
    (i32.add (local.get $to) (i32.const 1)))

  ;; Whether the string that was read last is this one.
  (func $is (param $word i32) (param $length i32) (result i32)
    (if (i32.ne (global.get $length) (local.get $length)) (then (return (i32.const 0))))
    (loop $each
      (local.set $length (i32.sub (local.get $length) (i32.const 1)))
      (if (i32.ne (i32.load8_u (i32.add (global.get $text) (local.get $length)))
                  (i32.load8_u (i32.add (local.get $word) (local.get $length))))
        (then (return (i32.const 0))))
      (br_if $each (local.get $length)))
    (i32.const 1))

  ;; Writes a text as a JSON string.
  (func $quote (param $from i32) (param $length i32)
    (local $to i32) (local $end i32) (local $byte i32)
    (local.set $end (i32.add (local.get $from) (local.get $length)))
    (global.set $text (call $allocate (i32.add (i32.mul (local.get $length) (i32.const 6)) (i32.const 2))))
    (local.set $to (call $put-utf8 (global.get $text) (i32.const 0x22)))
    (loop $each
      (if (i32.lt_u (local.get $from) (local.get $end))
        (then
          (local.set $byte (i32.load8_u (local.get $from)))
          (local.set $from (i32.add (local.get $from) (i32.const 1)))
          (if (i32.or (i32.eq (local.get $byte) (i32.const 0x22)) (i32.eq (local.get $byte) (i32.const 0x5c)))
            (then (local.set $to (call $put-utf8 (local.get $to) (i32.const 0x5c)))))
          (if (i32.lt_u (local.get $byte) (i32.const 0x20))
            (then ;; \u00 and two digits
              (i32.store (local.get $to) (i32.const 0x3030755c))
              (i32.store8 offset=4 (local.get $to) (i32.add (i32.const 0x30) (i32.shr_u (local.get $byte) (i32.const 4))))
              (local.set $byte (i32.and (local.get $byte) (i32.const 15)))
              (local.set $byte (i32.add (local.get $byte)
                (select (i32.const 0x57) (i32.const 0x30) (i32.ge_u (local.get $byte) (i32.const 10)))))
              (local.set $to (i32.add (local.get $to) (i32.const 5)))))
          (i32.store8 (local.get $to) (local.get $byte))
          (local.set $to (i32.add (local.get $to) (i32.const 1)))
          (br $each))))
    (i32.store8 (local.get $to) (i32.const 0x22))
    (global.set $length (i32.sub (i32.add (local.get $to) (i32.const 1)) (global.get $text)))))
