# SPDX-License-Identifier: MIT
# The translation engine, with a made-up guest.
if(TARGET xl)
  add_library(xl-toy STATIC xl-toy.c)
  target_link_libraries(xl-toy PUBLIC xl)
  foreach(part build verify run smc debug smp)
    plugboard_test(test-xl-${part} SOURCES test-xl-${part}.c LINK xl-toy)
  endforeach()
endif()
