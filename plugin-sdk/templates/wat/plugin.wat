;; world: lifecycle-hook+policy-hook
;;
;; The plugin {{name}}.
;;
;; A function of the contract is here a function of numbers, as the canonical ABI flattens it: a string or a list is an
;; address and a length; what does not fit into one number comes back at an address that goes in last. What the host hands
;; over it puts where `cabi_realloc` says. Imports come first, such as
;;
;;   (import "weir:plugin/request@0.1.0" "set-header" (func $set-header (param i32 i32 i32 i32 i32)))
(module
  ;; From 0 on what the hooks answer with; from 1024 on what is handed out.
  (memory (export "memory") 1)

  ;; Gets the settings, a JSON object, once for each instance. Its answer is a byte that says ok (0) or error (1), and at 4
  ;; and 8 address and length of the error, which keeps the plugin out of service: begin it with the place, such as
  ;; "settings.deny: must be a list of words".
  (func (export "weir:plugin/lifecycle@0.1.0#init") (param $settings i32) (param $length i32) (result i32)
    (i32.store8 (i32.const 0) (i32.const 0))
    (i32.const 0))

  ;; Decides about a request. Its answer is a byte that says pass (0) or refuse (1); a refusal has its status (16 bits) at 4,
  ;; address and length of its code at 8 and 12, and of its message at 16 and 20.
  (func (export "weir:plugin/policy@0.1.0#on-request") (param $streaming i32) (param $body-bytes i32) (result i32)
    ;; Go on here.
    (i32.store8 (i32.const 0) (i32.const 0))
    (i32.const 0))

  ;; Memory is handed out upwards, and taken back as a whole when the call is over.
  (global $free (mut i32) (i32.const 1024))

  (func (export "cabi_realloc") (param $old i32) (param $old-length i32) (param $align i32) (param $length i32) (result i32)
    (local $at i32)
    (local.set $at (i32.and (i32.add (global.get $free) (i32.const 7)) (i32.const -8)))
    (global.set $free (i32.add (local.get $at) (local.get $length)))
    (if (i32.lt_u (global.get $free) (local.get $at)) (then unreachable))
    (block $enough
      (br_if $enough (i32.le_u (global.get $free) (i32.shl (memory.size) (i32.const 16))))
      (br_if $enough (i32.ne (memory.grow (i32.add (i32.shr_u (local.get $length) (i32.const 16)) (i32.const 1))) (i32.const -1)))
      unreachable)
    (memory.copy (local.get $at) (local.get $old) (local.get $old-length))
    (local.get $at))

  (func $over (param $answer i32) (global.set $free (i32.const 1024)))
  (export "cabi_post_weir:plugin/lifecycle@0.1.0#init" (func $over))
  (export "cabi_post_weir:plugin/policy@0.1.0#on-request" (func $over)))
