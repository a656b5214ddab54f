/* SPDX-License-Identifier: MIT */
/* programs.c - integer programs that look like everyday code: an interpreter's dispatch loop
 * and the splitting and counting of text.
 * Not modelled: nothing; these are a guest's programs. */
#include "bench.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum op { PUSH, ADD, SUB, MUL, DUP, SWAP, JNZ, LOAD, STORE, HALT };

struct insn {
    enum op op;
    int64_t arg;
};

static uint64_t interpret(const struct insn *code)
{
    uint64_t stack[64], memory[16] = { 0 };
    int sp = 0;
    for (const struct insn *pc = code;; pc++) {
        switch (pc->op) {
        case PUSH: stack[sp++] = (uint64_t)pc->arg; break;
        case ADD: sp--; stack[sp - 1] += stack[sp]; break;
        case SUB: sp--; stack[sp - 1] -= stack[sp]; break;
        case MUL: sp--; stack[sp - 1] *= stack[sp]; break;
        case DUP: stack[sp] = stack[sp - 1]; sp++; break;
        case SWAP: {
            uint64_t top = stack[sp - 1];
            stack[sp - 1] = stack[sp - 2];
            stack[sp - 2] = top;
            break;
        }
        case JNZ:
            if (stack[--sp])
                pc = code + pc->arg - 1;
            break;
        case LOAD: stack[sp++] = memory[pc->arg]; break;
        case STORE: memory[pc->arg] = stack[--sp]; break;
        case HALT: return memory[0];
        }
    }
}

uint64_t int_vm(unsigned scale)
{
    /* memory[1] counts down; memory[0] = memory[0] * 6364136223846793005 + counter. */
    struct insn code[] = {
        { PUSH, (int64_t)scale * 4000000 }, { STORE, 1 },
        { LOAD, 0 }, { PUSH, 6364136223846793005 }, { MUL, 0 }, { LOAD, 1 }, { SWAP, 0 },
        { ADD, 0 }, { STORE, 0 }, { LOAD, 1 }, { PUSH, 1 }, { SUB, 0 }, { DUP, 0 },
        { STORE, 1 }, { JNZ, 2 }, { HALT, 0 },
    };
    return interpret(code);
}

struct word {
    struct word *next;
    unsigned count;
    char text[16];
};

static struct word *buckets[4096];

static struct word *intern(const char *text, size_t len)
{
    uint32_t hash = 5381;
    for (size_t i = 0; i < len; i++)
        hash = hash * 33 + (unsigned char)text[i];
    struct word **list = &buckets[hash % 4096];
    for (struct word *w = *list; w; w = w->next)
        if (!strncmp(w->text, text, len) && !w->text[len])
            return w;
    struct word *w = calloc(1, sizeof *w);
    if (!w)
        exit(1);
    memcpy(w->text, text, len);
    w->next = *list;
    return *list = w;
}

/* Makes a text of numbers in words' clothes with snprintf, then splits and counts it. */
uint64_t int_text(unsigned scale)
{
    static char text[1 << 18];
    uint64_t sum = 0, state = 1;
    for (unsigned round = 0; round < 9 * scale; round++) {
        size_t len = 0;
        while (len < sizeof text - 32) {
            state = state * 6364136223846793005 + 1442695040888963407;
            len += (size_t)snprintf(text + len, 24, "%s%u ", state >> 63 ? "word" : "n",
                                    (unsigned)(state >> 33) % 3000);
        }
        for (char *p = text; *p;) {
            size_t n = strcspn(p, " ");
            sum = bench_mix(sum, ++intern(p, n)->count);
            p += n + 1;
        }
    }
    return sum;
}
