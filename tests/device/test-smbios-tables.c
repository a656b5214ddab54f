/* SPDX-License-Identifier: MIT */
/* -smbios: what a machine says of itself, the user's fields and files, what is refused; and
 * dmidecode reads it all (77: there is none). DSP0134 3.0. */
#include "acpi-firmware.h"
#include "suite.h"

#include <stdlib.h>
#include <unistd.h>

#define UUID "12345678-9abc-def0-1234-56789abcdef0"

static char dir[] = "/tmp/pb-smbios-XXXXXX";

static const char *file(const char *name, const void *data, size_t n)
{
    static char path[128];

    snprintf(path, sizeof path, "%s/%s", dir, name);
    FILE *f = fopen(path, "wb");
    CU_ASSERT_PTR_NOT_NULL_FATAL(f);
    CU_ASSERT_EQUAL(fwrite(data, 1, n, f), n);
    fclose(f);
    return path;
}

/* Boots with these options, NULL-ended. What boot() gave; the error's text is in `why`. */
static int boot(const char *const *options, char why[400])
{
    pbt *b = pbt_new();
    char name[24];

    acpi_firmware_forget();
    pbt_load(b, "arm-boot");
    pbt_class(b, PB_CLASS_DEVICE, &acpi_keeper);
    pbt_ram(b, 0x40000000, 512 << 20);
    for (int i = 0; i < 3; i++)
        pbt_cpu(b, "mpidr=0x80000000");
    pbt_add(b, "keeper", "fw", NULL);
    pbt_load(b, "pci");
    pb_dev *host = pbt_create(b, NULL, 0, "gpex-pcihost", "pcie", NULL);
    pbt_outputs(host, "irq", 4);
    CU_ASSERT_EQUAL_FATAL(pbt_realize(host), PB_OK);
    pbt_add_child(host, 0, "pci-bridge", "br", "addr=0x12.3");
    pb_dev *d = pbt_add(b, "arm-boot", "boot", NULL);
    pbt_option(b, "uuid", UUID);
    for (int i = 0; options && options[i]; i++) {
        snprintf(name, sizeof name, "smbios%d", i);
        pbt_option(b, name, options[i]);
    }
    int rc = pbt_boot(d);
    snprintf(why, 400, "%.399s", rc < 0 ? pbt_error(b) : "");
    pbt_free(b);
    return rc;
}

static int boots(const char *const *options)
{
    char why[400];

    if (boot(options, why) == PB_OK)
        return 1;
    printf("%s\n", why);
    return 0;
}

/* What dmidecode makes of the files: its text has the line. */
static int reads(const char *line)
{
    uint8_t image[0x8000] = {0};
    uint32_t n, len;
    char command[160], text[400];
    const uint8_t *anchor = acpi_file("etc/smbios/smbios-anchor", &n);
    const uint8_t *tables = acpi_file("etc/smbios/smbios-tables", &len);
    int found = 0, bad = 0;

    CU_ASSERT_FATAL(n == 24 && len > 0 && len < sizeof image - 32);
    CU_ASSERT_EQUAL(acpi_get(anchor + 12, 4), len);
    memcpy(image, anchor, 24);
    image[16] = 32; /* as firmware places them, and their sum */
    image[5] -= 32;
    memcpy(image + 32, tables, len);
    snprintf(command, sizeof command, "dmidecode --from-dump '%s' 2>&1",
             file("dump", image, 32 + len));
    FILE *f = popen(command, "r");
    CU_ASSERT_PTR_NOT_NULL_FATAL(f);
    while (fgets(text, sizeof text, f)) {
        text[strcspn(text, "\n")] = 0;
        found |= strcmp(text + strspn(text, "\t"), line) == 0;
        bad |= strstr(text, "BAD") || strstr(text, "nvalid") || strstr(text, "roken") ||
               strstr(text, "TRUNCATED") || strstr(text, "OUT OF SPEC");
    }
    CU_ASSERT_EQUAL(pclose(f), 0);
    if (!found || bad)
        printf("dmidecode: '%s' %s\n", line, bad ? "and something bad" : "is missing");
    return found && !bad;
}

static void test_machine(void)
{
    CU_ASSERT_FATAL(boots(NULL));
    CU_ASSERT(reads("Manufacturer: QEMU"));
    CU_ASSERT(reads("Product Name: QEMU Virtual Machine"));
    CU_ASSERT(reads("UUID: " UUID));
    CU_ASSERT(reads("Serial Number: Not Specified"));
    CU_ASSERT(reads("Core Count: 3"));
    CU_ASSERT(reads("Family: ARMv8"));
    CU_ASSERT(reads("Size: 512 MB"));
    CU_ASSERT(reads("Locator: DIMM 0"));
    CU_ASSERT(reads("Starting Address: 0x00040000000"));
    CU_ASSERT(reads("Maximum Capacity: 512 MB"));
    CU_ASSERT(reads("End Of Table"));
}

static void test_fields(void)
{
    char big[70000];
    snprintf(big, sizeof big, "type=1,serial=%065000d", 7);
    const char *const options[] = {
        "type=0,vendor=V,version=W,date=01/02/2003,release=4.5,uefi=on",
        "type=1,manufacturer=a,,b,,,,c,serial=early,family=F",
        "type=1,serial=late=r,sku=,uuid=00112233-4455-6677-8899-AABBCCDDEEFF",
        "type=2,product=Board,location=here", "type=3,asset=Chassis 9",
        "type=4,sock_pfx=Slot,max-speed=0x1000,processor-id=0x1122334455667788",
        "type=11,value=one,value=two", "type=11,value=three,value=", "type=17,loc_pfx=Bank,speed=99",
        NULL};
    CU_ASSERT_FATAL(boots(options));
    CU_ASSERT(reads("Vendor: V"));
    CU_ASSERT(reads("BIOS Revision: 4.5"));
    CU_ASSERT(reads("UEFI is supported"));
    CU_ASSERT(reads("Manufacturer: a,b,,c"));
    CU_ASSERT(reads("Serial Number: late=r"));
    CU_ASSERT(reads("SKU Number: Not Specified"));
    CU_ASSERT(reads("UUID: 00112233-4455-6677-8899-aabbccddeeff"));
    CU_ASSERT(reads("Product Name: Board"));
    CU_ASSERT(reads("Location In Chassis: here"));
    CU_ASSERT(reads("Asset Tag: Chassis 9"));
    CU_ASSERT(reads("Socket Designation: Slot 0"));
    CU_ASSERT(reads("Max Speed: 4096 MHz"));
    CU_ASSERT(reads("ID: 88 77 66 55 44 33 22 11"));
    CU_ASSERT(reads("String 3: three"));
    CU_ASSERT(reads("Locator: Bank 0"));
    CU_ASSERT(reads("Speed: 99 MT/s"));
    char text[200];
    const char *const path[] = {text, NULL};
    snprintf(text, sizeof text, "type=11,path=%s", file("oem", "from a file", 11));
    CU_ASSERT_FATAL(boots(path));
    CU_ASSERT(reads("String 1: from a file"));
    const char *const huge[] = {big, NULL};
    CU_ASSERT(boots(huge));
}

static void test_ports(void)
{
    const char *const options[] = {
        "type=8,internal_reference=J1,external_reference=Front,connector_type=0x12,port_type=0x10",
        "type=8,external_reference=Rear,connector_type=0x0b,port_type=0x1f",
        "type=9,slot_designation=PCIe 1,slot_type=0xa5,slot_data_bus_width=8,slot_length=3,"
        "slot_id=7,pci_device=br",
        "type=41,designation=LAN,kind=ethernet,instance=2,pcidev=br", "type=41,designation=Sound",
        "type=0,vm=on", "type=4,processor-family=0x4", NULL};
    CU_ASSERT_FATAL(boots(options));
    CU_ASSERT(reads("Internal Reference Designator: J1"));
    CU_ASSERT(reads("External Reference Designator: Front"));
    CU_ASSERT(reads("External Connector Type: Access Bus (USB)"));
    CU_ASSERT(reads("External Reference Designator: Rear"));
    CU_ASSERT(reads("Port Type: Network Port"));
    CU_ASSERT(reads("Designation: PCIe 1"));
    CU_ASSERT(reads("ID: 7"));
    CU_ASSERT(reads("Bus Address: 0000:00:12.3"));
    CU_ASSERT(reads("Reference Designation: LAN"));
    CU_ASSERT(reads("Type: Ethernet"));
    CU_ASSERT(reads("Type Instance: 2"));
    CU_ASSERT(reads("Reference Designation: Sound"));
    CU_ASSERT(reads("Family: 80286"));
}

static void test_files(void)
{
    static const uint8_t board[] = "\x02\x08\x00\x02\x01\x02\x00\x00" "Maker\0Thing\0";
    static const uint8_t two[] = "\x0d\x05\x00\x0d\x00\0\0" "\x7f\x04\x00\x7f\0";
    char text[200], why[400];
    const char *options[] = {text, NULL, NULL};

    snprintf(text, sizeof text, "file=%s", file("board", board, sizeof board));
    CU_ASSERT_FATAL(boots(options));
    CU_ASSERT(reads("Product Name: Thing"));
    options[1] = "type=2,product=other";
    CU_ASSERT(boot(options, why) < 0);
    options[1] = NULL;
    for (size_t n = 0; n < sizeof board; n++) { /* cut anywhere */
        snprintf(text, sizeof text, "file=%s", file("cut", board, n));
        CU_ASSERT(boot(options, why) < 0);
    }
    snprintf(text, sizeof text, "file=%s", file("two", two, sizeof two));
    CU_ASSERT(boot(options, why) < 0); /* the end is ours */
}

static int refused(const char *option, const char *why)
{
    const char *const options[] = {option, NULL};
    char text[400];

    if (boot(options, text) < 0 && strstr(text, why))
        return 1;
    printf("-smbios %s: '%s' does not say '%s'\n", option, text, why);
    return 0;
}

static void test_refused(void)
{
    CU_ASSERT(refused("", "expected type=N"));
    CU_ASSERT(refused("serial=1", "expected type=N"));
    CU_ASSERT(refused("type", "expected type=N"));
    CU_ASSERT(refused("type=", "types 0, 1"));
    CU_ASSERT(refused("type=10,slot=1", "types 0, 1"));
    CU_ASSERT(refused("type=9,?", "there are slot_designation, slot_type"));
    CU_ASSERT(refused("type=8,port_type=256", "no number up to 255"));
    CU_ASSERT(refused("type=41,kind=lan", "is other, unknown"));
    CU_ASSERT(refused("type=41,pcidev=b", "no device on the root bus has the id 'b'"));
    CU_ASSERT(refused("type=0,vm=off", "is on: "));
    CU_ASSERT(refused("type=4294967297", "types 0, 1"));
    CU_ASSERT(refused("type=1,seriall=1", "there are manufacturer, product"));
    CU_ASSERT(refused("type=1,serial", "serial needs a value"));
    CU_ASSERT(refused("type=1,uuid=" UUID "0", "is no UUID"));
    CU_ASSERT(refused("type=0,release=1", "MAJOR.MINOR"));
    CU_ASSERT(refused("type=0,release=1.256", "MAJOR.MINOR"));
    CU_ASSERT(refused("type=0,uefi=yes", "on or off"));
    CU_ASSERT(refused("type=4,max-speed=65536", "65535"));
    CU_ASSERT(refused("type=4,processor-id=-1", "no number"));
    CU_ASSERT(refused("file=/nonexistent", "No such file"));
    CU_ASSERT(refused("file=/dev/null", "not a regular file"));
    CU_ASSERT(refused("file=x,type=1", "stands alone"));
    CU_ASSERT(refused("type=11,path=/nonexistent", "No such file"));
}

int main(void)
{
    static const struct suite_test tests[] = {
        {"what the machine is", test_machine}, {"the user's fields", test_fields},
        {"ports, slots, devices", test_ports}, {"files of structures", test_files},
        {"what is refused", test_refused},
    };

    if (system("dmidecode --version >/dev/null 2>&1") != 0)
        return 77;
    if (!mkdtemp(dir))
        return 1;
    int rc = SUITE_RUN("smbios-tables", tests);
    char command[80];
    snprintf(command, sizeof command, "rm -rf '%s'", dir);
    return system(command) != 0 ? 1 : rc;
}
