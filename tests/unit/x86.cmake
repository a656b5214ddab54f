# SPDX-License-Identifier: MIT
# The x86-64 code generator.
if(TARGET xl AND PB_JIT AND PB_HOST_X86_64)
  add_library(x86-ir STATIC
    x86-ir.c
    x86-ir-float.c
    x86-ir-memory.c
    x86-ir-random.c
    x86-ir-values.c)
  target_link_libraries(x86-ir PUBLIC xl)
  plugboard_test(test-x86-random SOURCES test-x86-random.c LINK x86-ir)
  plugboard_test(test-x86-place SOURCES test-x86-place.c LINK x86-ir)
  plugboard_test(test-x86-loop SOURCES test-x86-loop.c LINK x86-ir)
  plugboard_test(test-x86-kept SOURCES test-x86-kept.c LINK xl-toy)
  plugboard_test(test-x86-encode SOURCES test-x86-encode.c LINK xl)
  set_tests_properties(test-x86-encode PROPERTIES SKIP_RETURN_CODE 77)
endif()
