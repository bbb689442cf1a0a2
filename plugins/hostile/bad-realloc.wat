;; world: policy-hook
;;
;; Its allocator answers every question with an address outside of its memory. The host must not write there: a trap before
;; the hook begins.
(module
  (memory (export "memory") 1)
  (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32)
    (i32.const 0x7ffffff8))
  (func (export "weir:plugin/policy@0.1.0#on-request")
    (param $tenant i32) (param $tenant-len i32) (param $id i32) (param $id-len i32)
    (param $model i32) (param $model-len i32) (param $dialect i32) (param $dialect-len i32)
    (param $streaming i32) (param $body-bytes i32)
    (result i32)
    (i32.const 0)))
