;; world: policy-hook
;;
;; Fills and copies 45 MB four times over in each call and lets the request pass: eight instructions, each of them some
;; milliseconds long. It gives way within each, and others do not notice. With so much memory its instance is not kept.
(module
  (memory (export "memory") 800)
  ;; Hands out memory upwards and takes nothing back before the call is over.
  (global $free (mut i32) (i32.const 4096))
  (func (export "cabi_realloc") (param $old i32) (param $old-len i32) (param $align i32) (param $len i32) (result i32)
    (local $at i32)
    (local.set $at (i32.and (i32.add (global.get $free) (i32.const 7)) (i32.const -8)))
    (global.set $free (i32.add (local.get $at) (local.get $len)))
    (block $enough
      (br_if $enough (i32.le_u (global.get $free) (i32.shl (memory.size) (i32.const 16))))
      (br_if $enough (i32.ne (memory.grow (i32.add (i32.shr_u (local.get $len) (i32.const 16)) (i32.const 1))) (i32.const -1)))
      unreachable)
    (local.get $at))
  (func (export "weir:plugin/policy@0.1.0#on-request") (param $streaming i32) (param $body-bytes i32) (result i32)
    (local $left i32)
    (local.set $left (i32.const 4))
    (loop $more
      (memory.fill (i32.const 65536) (i32.const 97) (i32.const 45000000))
      (memory.copy (i32.const 65537) (i32.const 65536) (i32.const 45000000))
      (local.set $left (i32.sub (local.get $left) (i32.const 1)))
      (br_if $more (local.get $left)))
    (i32.const 0)))
