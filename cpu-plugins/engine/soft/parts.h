/* SPDX-License-Identifier: MIT */
/*
 * parts.h - each format's unpacking and rounding, for the conversions between formats.
 * After core.inc, for the width(s) that it was included with.
 */
#define SF_UNPACK(F) SF_CAT(SF_CAT(sf__, F), _unpack)
#define SF_FINISH(F) SF_CAT(SF_CAT(sf__, F), _finish)

#define SF_DECLARE_PARTS(F, WIDTH)                                                                \
    struct parts##WIDTH sf__##F##_unpack(sf_##F a, struct sf_env *e);                             \
    sf_##F sf__##F##_finish(struct parts##WIDTH a, struct sf_env *e);

#ifdef SF_HAVE_64
SF_DECLARE_PARTS(f16, 64)
SF_DECLARE_PARTS(bf16, 64)
SF_DECLARE_PARTS(f32, 64)
SF_DECLARE_PARTS(f64, 64)
#endif
#ifdef SF_HAVE_128
SF_DECLARE_PARTS(f80, 128)
SF_DECLARE_PARTS(f128, 128)
#endif
