;; world: observe-hook
;;
;; Takes some milliseconds for each request that it is shown, which is no fault, so that it is never in quarantine. What
;; finds no room before it is skipped and counted, and other observers are none the worse.
(module
  (memory (export "memory") 1)
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
  (func (export "weir:plugin/observe@0.1.0#on-finished")
    (param $streaming i32) (param $body-bytes i32)
    (param $status i32) (param $refused i32) (param $code i32) (param $code-len i32) (param $attempts i32)
    (param $input i64) (param $output i64) (param $provenance i32) (param $duration i64) (param $first-byte i64)
    (local $left i32)
    (local.set $left (i32.const 6000000))
    (loop $more
      (local.set $left (i32.sub (local.get $left) (i32.const 1)))
      (br_if $more (local.get $left)))))
