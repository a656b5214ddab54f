# SPDX-License-Identifier: MIT
# The translation engine, with a made-up guest: by the host's code generator if there is
# one, by the interpreter, and with things going wrong at random.
if(TARGET xl)
  add_library(xl-toy STATIC xl-toy.c)
  target_link_libraries(xl-toy PUBLIC xl)
  foreach(part build forward verify eval cache vec run smc debug smp)
    plugboard_test(test-xl-${part} SOURCES test-xl-${part}.c LINK xl-toy)
  endforeach()
  function(xl_variant part name opts)
    add_test(NAME test-xl-${part}-${name} COMMAND test-xl-${part})
    set_tests_properties(test-xl-${part}-${name} PROPERTIES TIMEOUT 120 LABELS unit
      ENVIRONMENT "XL_TOY_OPTS=${opts}")
  endfunction()
  foreach(part run smc debug smp)
    xl_variant(${part} interp "interp")
  endforeach()
  xl_variant(smp chaos "chaos-tlb=3,chaos-drop=7,chaos-seed=5")
  xl_variant(smp chaos-interp "interp,chaos-tlb=3,chaos-drop=7,chaos-seed=9")
endif()
