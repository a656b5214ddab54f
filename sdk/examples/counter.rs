// SPDX-License-Identifier: MIT
// counter.rs - counter.c in Rust, without any crate. Tables begin with their size, so that only
// the prefix of each that is used needs a declaration.
//
//     rustc --edition 2021 --crate-type cdylib -C panic=abort -C opt-level=2 counter.rs
//
// Not modelled: nothing more was ever promised.
#![allow(non_camel_case_types)]
use std::ffi::{c_char, c_int, c_void};
use std::mem::{offset_of, size_of};
use std::ptr::{null, null_mut};

// ---- The part of the ABI that is used (plugboard/*.h, epoch 1) -------------------------------

type Dev = *mut c_void;
type Err = *mut c_void;
type Region = *mut c_void;

#[repr(C)]
struct Host {
    size: u32,
    abi_minor: u32,
    name: *const c_char,
    version: *const c_char,
    get: extern "C" fn(*const Host, *const c_char) -> *const c_void,
}
#[repr(C)]
struct Line {
    set: extern "C" fn(*mut c_void, u32, i32),
    sink: *mut c_void,
    n: u32,
    reserved: u32,
}
#[repr(C)]
struct SvcLine {
    size: u32,
    reserved: u32,
    out: extern "C" fn(Dev, *const c_char, u32) -> *const Line,
}
#[repr(C)]
struct RegionOps {
    read: extern "C" fn(*mut c_void, u64, u32) -> u64,
    write: extern "C" fn(*mut c_void, u64, u64, u32),
    access: *const c_void,
    min: u8,
    max: u8,
    impl_min: u8,
    impl_max: u8,
    flags: u8,
    pad: [u8; 3],
}
#[repr(C)]
struct SvcMem {
    size: u32,
    reserved: u32,
    io: extern "C" fn(Dev, *const c_char, u64, *const RegionOps, *mut c_void, Err) -> Region,
    before_publish: [*const c_void; 10],
    publish: extern "C" fn(Dev, u32, Region, Err) -> c_int,
}
#[repr(C)]
struct Field {
    name: *const c_char,
    kind: u32,
    offset: u32,
    count: u32,
    since: u32,
}
#[repr(C)]
struct DeviceClass {
    size: u32,
    flags: u32,
    id: *const c_char,
    aliases: *const *const c_char,
    title: *const c_char,
    category: *const c_char,
    spec: *const c_char,
    bus: *const c_char,
    props: *const c_void,
    n_props: u32,
    n_regions: u32,
    lines_out: *const *const c_char,
    lines_in: *const *const c_char,
    buses_out: *const *const c_char,
    provides: *const c_void,
    n_provides: u32,
    instance_size: u32,
    state_version: u32,
    n_state: u32,
    state: *const Field,
    regs: *const c_void,
    realize: extern "C" fn(*mut c_void, Dev, *const Host, Err) -> c_int,
    unrealize: *const c_void,
    reset: extern "C" fn(*mut c_void, u32, u32),
}
#[repr(C)]
struct ClassRef {
    kind: *const c_char,
    cls: *const DeviceClass,
}
#[repr(C)]
pub struct Plugin {
    size: u32,
    epoch: u32,
    abi_minor: u32,
    flags: u32,
    id: *const c_char,
    version: *const c_char,
    license: *const c_char,
    vendor: *const c_char,
    url: *const c_char,
    doc: *const c_char,
    needs: *const *const c_char,
    classes: *const ClassRef,
    n_classes: u32,
    reserved: u32,
    init: *const c_void,
    fini: *const c_void,
}
// Constant tables of pointers to constants: any thread may read them.
struct Table<T>(T);
unsafe impl<T> Sync for Table<T> {}
unsafe impl Sync for Plugin {}

// ---- The device ------------------------------------------------------------------------------

#[repr(C)]
struct Counter {
    irq: *const Line,
    ctrl: u32,
    count: u32,
}

fn set_line(l: *const Line, level: i32) {
    unsafe { ((*l).set)((*l).sink, (*l).n, level) }
}

extern "C" fn read(p: *mut c_void, off: u64, _bytes: u32) -> u64 {
    let c = unsafe { &mut *(p as *mut Counter) };
    match off {
        0 => c.ctrl.into(),
        4 => {
            c.count = c.count.wrapping_add(1);
            c.count.wrapping_sub(1).into()
        }
        _ => 0,
    }
}

extern "C" fn write(p: *mut c_void, off: u64, val: u64, _bytes: u32) {
    let c = unsafe { &mut *(p as *mut Counter) };
    if off == 0 {
        c.ctrl = val as u32;
        set_line(c.irq, (c.ctrl & 1) as i32);
    }
}

extern "C" fn realize(p: *mut c_void, d: Dev, h: *const Host, e: Err) -> c_int {
    static OPS: Table<RegionOps> = Table(RegionOps {
        read,
        write,
        access: null(),
        min: 4,
        max: 4,
        impl_min: 4,
        impl_max: 4,
        flags: 0,
        pad: [0; 3],
    });
    unsafe {
        let mem = ((*h).get)(h, c"pb.mem/1".as_ptr()) as *const SvcMem;
        let line = ((*h).get)(h, c"pb.line/1".as_ptr()) as *const SvcLine;
        (*(p as *mut Counter)).irq = ((*line).out)(d, c"irq".as_ptr(), 0);
        let r = ((*mem).io)(d, c"regs".as_ptr(), 0x1000, &OPS.0, p, e);
        if r == null_mut() { -2 } else { ((*mem).publish)(d, 0, r, e) }
    }
}

extern "C" fn reset(p: *mut c_void, _kind: u32, phase: u32) {
    let c = unsafe { &mut *(p as *mut Counter) };
    match phase {
        0 => (c.ctrl, c.count) = (0, 0),
        1 => set_line(c.irq, 0),
        _ => (),
    }
}

const fn field(name: *const c_char, offset: usize) -> Field {
    Field { name, kind: 3, offset: offset as u32, count: 1, since: 1 }
}

static STATE: Table<[Field; 2]> = Table([
    field(c"ctrl".as_ptr(), offset_of!(Counter, ctrl)),
    field(c"count".as_ptr(), offset_of!(Counter, count)),
]);
static LINES: Table<[*const c_char; 2]> = Table([c"irq".as_ptr(), null()]);
static NEEDS: Table<[*const c_char; 3]> =
    Table([c"pb.mem/1".as_ptr(), c"pb.line/1".as_ptr(), null()]);
static CLASS: Table<DeviceClass> = Table(DeviceClass {
    size: size_of::<DeviceClass>() as u32,
    flags: 0,
    id: c"example-counter-rs".as_ptr(),
    aliases: null(),
    title: c"Read counter in Rust".as_ptr(),
    category: c"misc".as_ptr(),
    spec: null(),
    bus: null(),
    props: null(),
    n_props: 0,
    n_regions: 1,
    lines_out: &LINES.0 as *const _ as *const *const c_char,
    lines_in: null(),
    buses_out: null(),
    provides: null(),
    n_provides: 0,
    instance_size: size_of::<Counter>() as u32,
    state_version: 1,
    n_state: 2,
    state: &STATE.0 as *const _ as *const Field,
    regs: null(),
    realize,
    unrealize: null(),
    reset,
});
static CLASSES: Table<[ClassRef; 1]> =
    Table([ClassRef { kind: c"pb.class.device/1".as_ptr(), cls: &CLASS.0 }]);

#[no_mangle]
pub static pb_plugin_v0: Plugin = Plugin {
    size: size_of::<Plugin>() as u32,
    epoch: 1,
    abi_minor: 0,
    flags: 0,
    id: c"org.example.counter-rs".as_ptr(),
    version: c"1.0".as_ptr(),
    license: c"MIT".as_ptr(),
    vendor: null(),
    url: null(),
    doc: null(),
    needs: &NEEDS.0 as *const _ as *const *const c_char,
    classes: &CLASSES.0 as *const _ as *const ClassRef,
    n_classes: 1,
    reserved: 0,
    init: null(),
    fini: null(),
};
