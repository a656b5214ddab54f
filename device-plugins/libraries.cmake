# SPDX-License-Identifier: MIT
# Small libraries of which a plugin uses a few functions: pb-fdt, pb-zlib, pb-zstd.
#
# Each shared library costs a run as much as three plugins (a look into the linker's cache, a
# dozen page faults), and nearly every board needs these. So their archives are linked in where
# the distribution's are position independent; distributions that want none of that build with
# -DPB_SHARED_LIBS=ON.

# TARGET stands for lib`name`; `header` is what its users include.
function(pb_small_library target name header)
  add_library(${target} INTERFACE)
  find_path(PB_INCLUDE_${name} ${header} REQUIRED)
  find_library(PB_SHARED_${name} ${name} REQUIRED)
  find_library(PB_ARCHIVE_${name} lib${name}.a)
  target_include_directories(${target} SYSTEM INTERFACE ${PB_INCLUDE_${name}})
  if(PB_ARCHIVE_${name} AND NOT DEFINED PB_PIC_${name})
    file(WRITE ${CMAKE_CURRENT_BINARY_DIR}/pic.c "extern int pb_none; int pb_none;\n")
    try_compile(PB_PIC_${name} ${CMAKE_CURRENT_BINARY_DIR}/pic-${name}
                SOURCES ${CMAKE_CURRENT_BINARY_DIR}/pic.c
                LINK_OPTIONS -shared -Wl,--whole-archive ${PB_ARCHIVE_${name}}
                             -Wl,--no-whole-archive)
  endif()
  if(PB_ARCHIVE_${name} AND PB_PIC_${name} AND NOT PB_SHARED_LIBS)
    target_link_libraries(${target} INTERFACE ${PB_ARCHIVE_${name}})
  else()
    target_link_libraries(${target} INTERFACE ${PB_SHARED_${name}})
  endif()
endfunction()

pb_small_library(pb-fdt fdt libfdt.h)
pb_small_library(pb-zlib z zlib.h)
pb_small_library(pb-zstd zstd zstd.h)
