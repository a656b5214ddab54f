# SPDX-License-Identifier: MIT
# The core's own tests: one claim a program, on a machine of test devices.
foreach(claim cpu-halt-stop dma-checks domain-exclusion line-order map-change-inside
              reset-phases state-round-trip state-hostile timer-order view-random
              access-sizes prop-parse board-loads dev-teardown)
  if(EXISTS ${CMAKE_CURRENT_SOURCE_DIR}/test-core-${claim}.c)
    plugboard_test(test-core-${claim} SOURCES test-core-${claim}.c core-fixture.c LINK pb-core)
  endif()
endforeach()
