/* SPDX-License-Identifier: MIT */
/* table.c - every option: name, argument, help. Parser, -h and the manual read this table
 * only. The wording of arguments is that of QEMU's manual where the option is QEMU's.
 */
#include "cli.h"

const struct pb_opt pb_options[] = {
    {"help", NULL, "Standard options", "print this help", NULL},
    {"h", NULL, NULL, NULL, "help"},
    {"version", NULL, NULL, "print version, ABI and plugin directories", NULL},
    {"errors", "text|json", NULL,
     "how errors are told, as -errors=json: one JSON object a line on the standard error,\n"
     "with cause, and place and cure where they are known", NULL},
    {"machine", "[type=]NAME[,OPTION=VALUE…]", NULL,
     "the machine: NAME of an installed manifest or path of a .machine file;\n"
     "'-machine help' lists machines, 'NAME,help' its options, 'NAME,dump' the merged\n"
     "manifest with the origin of each line, 'NAME,check' reports its faults;\n"
     "dumpdtb=FILE writes the device tree and exits", NULL},
    {"M", "NAME[,…]", NULL, NULL, "machine"},
    {"cpu", "MODEL[,FEATURE=on|off…]", NULL, "the CPU; '-cpu help' lists models and features",
     NULL},
    {"accel", "[accel=]NAME[,thread=multi|single][,tb-size=MIB]", NULL,
     "'tcg' is the translator of the CPU plugin; '-accel help' lists", NULL},
    {"smp", "[cpus=]N[,maxcpus=N][,sockets=N][,dies=N][,clusters=N][,cores=N][,threads=N]", NULL,
     "number of CPUs", NULL},
    {"m", "[size=]SIZE[K|M|G|T]", NULL, "main memory; a bare number is MiB", NULL},
    {"name", "TEXT", NULL, "name of the guest, and of the process", NULL},
    {"global", "CLASS.PROPERTY=VALUE", NULL, "a property for every device of a class", NULL},
    {"nodefaults", NULL, NULL, "no default serial port, monitor and network card", NULL},
    {"no-user-config", NULL, NULL, "read no machine files of the user's own", NULL},
    {"no-acpi", NULL, NULL, "-M acpi=off, for machines that have ACPI tables", NULL},
    {"object", "TYPE,id=ID[,filename=FILE]", NULL,
     "what rng= and iothread= of devices name: rng-random, rng-builtin, iothread", NULL},
    {"L", "DIR", NULL, "search DIR first for firmware", NULL},
    {"device", "CLASS[,id=ID][,bus=BUS][,PROPERTY=VALUE…]", NULL,
     "add a device; '-device help' lists classes ('help=json': as JSON), 'CLASS,help'\n"
     "its properties; CLASS[,…] may be a JSON object", NULL},

    {"bios", "FILE|default|none", "Boot options", "firmware", NULL},
    {"kernel", "FILE", NULL, "kernel: ELF, Linux Image, gzip of these, or raw", NULL},
    {"append", "TEXT", NULL, "command line of the kernel", NULL},
    {"initrd", "FILE", NULL, "initial RAM disk of the kernel", NULL},
    {"dtb", "FILE", NULL, "device tree instead of the machine's own", NULL},
    {"boot", "[menu=on|off][,strict=on|off][,splash-time=MS][,reboot-timeout=MS][,order=DRIVES]\n"
"[,once=DRIVES]", NULL,
     "what firmware is told: show its menu, boot from nothing without a bootindex, wait; which\n"
     "device comes first is its bootindex=", NULL},
    {"fw_cfg", "[name=]NAME,file=FILE|string=TEXT", NULL, "a file for the guest's fw_cfg", NULL},
    {"smbios", "type=N[,FIELD=VALUE…]|file=FILE", NULL,
     "what firmware tells the guest of its hardware: fields of a structure, or whole\n"
     "structures", NULL},
    {"uuid", "UUID", NULL, "the machine's, for SMBIOS", NULL},
    {"semihosting", NULL, NULL, "bare programs may use files and console of the host", NULL},
    {"semihosting-config", "[enable=on|off][,target=native|auto][,chardev=ID][,userspace=on|off]\n"
"[,arg=WORD…]", NULL,
     "the same, with another console than the standard error, for programs that are not\n"
     "privileged, too, and with these words as their command line", NULL},

    {"blockdev", "driver=DRIVER[,node-name=NAME][,KEY=VALUE…]", "Block device options",
     "make a block node; KEY.SUB=VALUE describes the node below; '-blockdev help' lists\n"
     "drivers; may be a JSON object", NULL},
    {"drive", "[file=FILE][,if=IF][,format=FORMAT][,media=disk|cdrom][,id=ID][,index=N]\n"
"[,unit=N][,snapshot=on|off][,readonly=on|off][,cache=MODE][,aio=AIO][,discard=ignore|unmap]\n"
     "[,werror=ACTION][,rerror=ACTION][,detect-zeroes=on|off|unmap]",
     NULL, "block nodes for FILE and, unless if=none, a device of the machine's. MODE is\n"
     "writeback, writethrough, none, directsync or unsafe; ACTION is report, ignore, stop\n"
     "or, for writes and by default, enospc: stop when the host's disk is full", NULL},
    {"hda", "FILE", NULL, "-drive media=disk,index=0 for FILE; also -hdb -hdc -hdd", NULL},
    {"hdb", "FILE", NULL, NULL, "hda"},
    {"hdc", "FILE", NULL, NULL, "hda"},
    {"hdd", "FILE", NULL, NULL, "hda"},
    {"cdrom", "FILE", NULL, "-drive media=cdrom,index=2 for FILE", NULL},
    {"pflash", "FILE", NULL, "-drive if=pflash for FILE, the next flash each time", NULL},
    {"sd", "FILE", NULL, "-drive if=sd for FILE", NULL},
    {"mtdblock", "FILE", NULL, "-drive if=mtd for FILE", NULL},
    {"fda", "FILE", NULL, "-drive if=floppy,index=0 for FILE; also -fdb", NULL},
    {"fdb", "FILE", NULL, NULL, "fda"},
    {"snapshot", NULL, NULL, "write to temporary overlays: images stay as they are", NULL},

    {"netdev", "TYPE,id=ID[,KEY=VALUE…]", "Network options",
     "make a network backend; '-netdev help' lists types; may be a JSON object", NULL},
    {"nic", "TYPE[,model=MODEL][,mac=ADDR][,id=ID][,KEY=VALUE…] | none", NULL,
     "a network backend and a card of the machine's for it", NULL},
    {"net", "nic[,model=MODEL][,netdev=ID][,macaddr=ADDR] | TYPE[,KEY=VALUE…] | none", NULL,
     "the old way to say -nic in two parts", NULL},

    {"fsdev", "DRIVER,id=ID[,path=DIR][,security_model=MODEL][,readonly=on|off]",
     "Shared directory options", "make a file-share backend", NULL},
    {"virtfs", "DRIVER,path=DIR,mount_tag=TAG,security_model=MODEL[,readonly=on|off][,id=ID]",
     NULL, "a file share and the machine's device for it", NULL},

    {"chardev", "TYPE,id=ID[,mux=on|off][,KEY=VALUE…]", "Character device options",
     "make a character backend; '-chardev help' lists types; may be a JSON object", NULL},
    {"serial", "DEV", NULL,
     "the next serial port: stdio, mon:stdio, pty, null, none, file:F, pipe:F,\n"
     "tcp:HOST:PORT[,server=on], unix:PATH[,server=on], chardev:ID", NULL},
    {"monitor", "DEV", NULL, "a monitor at DEV (as for -serial), or none", NULL},
    {"qmp", "DEV", NULL, "a monitor for programs, which speaks QMP, at DEV (as for -serial)", NULL},
    {"qmp-pretty", "DEV", NULL, "the same, its answers indented", NULL},
    {"mon", "[chardev=]ID[,mode=readline|control[,pretty=on|off]]", NULL,
     "a monitor at a character backend; control: QMP", NULL},
    {"echr", "N", NULL, "escape character of the terminal, 1 for C-a", NULL},
    {"nographic", NULL, NULL, "serial port and monitor on the terminal (C-a c changes, C-a x "
     "leaves)", NULL},
    {"display", "none", NULL, "no display", NULL},
    {"vga", "none", NULL, "no display adapter", NULL},
    {"vnc", "none", NULL, "no VNC server", NULL},
    {"parallel", "none", NULL, "no parallel port", NULL},

    {"S", NULL, "Debug and process options", "do not start the CPUs: 'c' in the monitor does",
     NULL},
    {"gdb", "DEV", NULL, "wait for gdb at DEV: tcp::PORT, unix:PATH or stdio", NULL},
    {"s", NULL, NULL, "-gdb tcp:127.0.0.1:1234", NULL},
    {"d", "ITEM[,ITEM…]", NULL, "log: guest_errors, unimp, …; '-d help' lists", NULL},
    {"D", "FILE", NULL, "write the log to FILE", NULL},
    {"no-reboot", NULL, NULL, "end when the guest resets", NULL},
    {"no-shutdown", NULL, NULL, "stop, but do not end, when the guest powers off", NULL},
    {"action", "[reboot=reset|shutdown][,shutdown=poweroff|pause]", NULL,
     "what the guest's reset and power-off do; shutdown and pause as -no-reboot and\n"
     "-no-shutdown", NULL},
    {"sandbox", "off", NULL, "system calls are not filtered", NULL},
    {"rtc", "[base=utc|localtime|DATE][,clock=host|vm]", NULL, "date and clock of the guest",
     NULL},
    {"seed", "N", NULL, "seed of the guest's random numbers", NULL},
    {"pidfile", "FILE", NULL, "write the process number to FILE once everything is ready", NULL},
    {"daemonize", NULL, NULL, "go to the background once everything is ready", NULL},
    {NULL, NULL, NULL, NULL, NULL},
};
