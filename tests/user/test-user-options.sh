#!/bin/sh
# SPDX-License-Identifier: MIT
# test-user-options.sh EMULATOR DIR - options, environment, exit statuses and errors of user mode
# are qemu-user's, and say what is wrong.
set -u
emulator=$1 victim=$2/victim
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
fail=0
model=$("$emulator" -cpu help | sed -n '2s/ //gp')

# check WHAT WANT GOT
check() {
    [ "$2" = "$3" ] && return
    printf '%s: want "%s", got "%s"\n' "$1" "$2" "$3"
    fail=1
}

# says WHAT PATTERN COMMAND...: stderr matches
says() {
    what=$1 pattern=$2
    shift 2
    "$@" >/dev/null 2>"$scratch/err"
    grep -q -- "$pattern" "$scratch/err" && return
    echo "$what: no '$pattern' in:"
    cat "$scratch/err"
    fail=1
}

# ---- what the program sees
check arguments "$victim a b" "$("$emulator" "$victim" 'a b')"
check -0 "zero x" "$("$emulator" -0 zero "$victim" x)"
check ARGV0 "one x" "$(QEMU_ARGV0=one "$emulator" "$victim" x)"
check "own name wins" "two x" "$(QEMU_ARGV0=one PLUGBOARD_ARGV0=two "$emulator" "$victim" x)"
check -E "V=1" "$("$emulator" -E V=1,W=2 "$victim" env=V)"
check "second of -E" "W=2" "$("$emulator" -E V=1,W=2 "$victim" env=W)"
check SET_ENV "V=3" "$(QEMU_SET_ENV=V=3 "$emulator" "$victim" env=V)"
check -U "HOME=(none)" "$("$emulator" -U HOME "$victim" env=HOME)"
check -r "9.9.9" "$("$emulator" -r 9.9.9 "$victim" release)"
check -s 1048576 "$("$emulator" -s 1M "$victim" stack)"
check "two dashes" "$victim -v" "$("$emulator" -- "$victim" -v)"
check -R "$victim x" "$("$emulator" -R 4G "$victim" x)"

# ---- how it ends
"$emulator" "$victim" exit=77
check exit 77 $?
sh -c '"$0" "$1" kill=15' "$emulator" "$victim" 2>/dev/null
check SIGTERM 143 $?
sh -c '"$0" "$1" segv; exit $?' "$emulator" "$victim" 2>"$scratch/err"
check SIGSEGV 139 $?
says "crash report" "the program's fault: at pc 0x[0-9a-f]*, .*victim+0x" "$emulator" "$victim" segv
says "what crashed" "uncaught target signal 11" "$emulator" "$victim" segv
# nothing of it is lost in a pipe
check "a report in a pipe" 1 "$("$emulator" "$victim" segv 2>&1 | grep -c 'uncaught target')"

# ---- errors
says "no program" "Error while loading /nonexistent: No such file" "$emulator" /nonexistent
printf 'text' >"$scratch/text"
says "no ELF" "not an ELF program" "$emulator" "$scratch/text"
says "another architecture" "Invalid ELF image for this architecture: it is for x86-64" \
    "$emulator" /bin/sh
head -c 100 "$victim" >"$scratch/cut"
says truncated truncated "$emulator" "$scratch/cut"
says "unknown option" "did you mean '-strace'" "$emulator" -stracs "$victim"
says "no value" "-L: it takes path" "$emulator" -L
says "bad base" "-B: '1' is not 0" "$emulator" -B 1 "$victim"
says "bad page size" "only page size" "$emulator" -p 16384 "$victim"
says "place of a value from the environment" "QEMU_STACK_SIZE: -s: 'x'" \
    env QEMU_STACK_SIZE=x "$emulator" "$victim"
says "no such CPU" "model 'nosuch'" "$emulator" -cpu nosuch "$victim"
says "no such word for the engine" "want interp" "$emulator" -cpu "$model,engine=x" "$victim"
says "-cpu's engine= with -d" "want interp" "$emulator" -d int -cpu "$model,engine=x" "$victim"
"$emulator" /nonexistent 2>/dev/null
check "status of errors" 255 $?

# ---- strace and its file
"$emulator" -strace -D "$scratch/log" "$victim" read exit=3 </dev/null >/dev/null
check "exit under strace" 3 $?
sed -n 's/^[0-9]* //; s/0x[0-9a-f]*/PTR/g; /^read(0\|^exit_group/p' "$scratch/log" >"$scratch/got"
printf '%s\n' 'read(0,PTR,4) = 0' 'exit_group(3)' >"$scratch/want"
cmp -s "$scratch/want" "$scratch/got" || { diff "$scratch/want" "$scratch/got"; fail=1; }
"$emulator" -d in_asm,int -D "$scratch/asm" "$victim" exit=4 2>"$scratch/err"
check "exit under -d" 4 $?
grep -q '0x[0-9a-f]*: ' "$scratch/asm" || { echo "no instructions in -D's file"; fail=1; }
check "stderr beside -D" "" "$(cat "$scratch/err")"
"$emulator" -cpu "$model,engine=log=in_asm" -D "$scratch/own" "$victim" exit=4
check "exit under engine=log" 4 $?
grep -q '0x[0-9a-f]*: ' "$scratch/own" || { echo "no instructions by engine=log=in_asm"; fail=1; }
says unimp "Unsupported syscall" "$emulator" -d unimp "$victim" nocall
exit $fail
