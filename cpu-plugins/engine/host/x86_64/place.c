/* SPDX-License-Identifier: MIT */
/* place.c - where in a line of 64 bytes a loop begins.
 *
 * Zen 5 (AMD 58455, 2.9.1) fetches decoded instructions by line, in entries of six, two a cycle.
 * Measured with loops of two to four lines, moved byte by byte: a turn takes up to two cycles more
 * (of four) when more than twelve instructions follow the head in its line, whatever they are,
 * and up to 0.8 when fewer than seven do and more than twelve are in the next line. In long loops
 * it is lost among the rest. So a unit that jumps to itself is made again some steps of 16 bytes
 * further where these bounds are met better; hardly one in ten is.
 *
 * Not modelled: pairs that the processor joins count as two, loops of several units.
 */
#include "x86.h"

#define LINE 64
#define STEP 16 /* how code is aligned: other steps would change it */
#define GROUP 6
#define LONG (5 * LINE)

/* Of a head at `at`. */
static uint32_t cost(const struct xasm *a, uintptr_t at)
{
    uint32_t left = LINE - at % LINE, first = 0, second = 0;

    for (uint32_t i = 0; i < a->n_begun; i++) {
        first += a->begun[i] < left;
        second += a->begun[i] >= left && a->begun[i] < left + LINE;
    }
    if (first > 2 * GROUP)
        return 2;
    return first <= GROUP && second > 2 * GROUP;
}

uint32_t x86_place(const struct gen *g)
{
    uintptr_t head = (uintptr_t)g->a.head;
    uint32_t best = 0, least, c;

    if (g->hot_end - g->a.head > LONG || !x86_is_loop(g->b))
        return 0;
    least = cost(&g->a, head);
    for (uint32_t later = STEP; later < LINE; later += STEP) {
        c = cost(&g->a, head + later);
        if (c < least) {
            least = c;
            best = later;
        }
    }
    return best;
}
