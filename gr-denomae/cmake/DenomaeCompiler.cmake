# SPDX-License-Identifier: GPL-3.0-or-later
#
# Warnings and sanitizers, as an interface target that our own targets link.

add_library(denomae_compiler INTERFACE)
target_compile_options(denomae_compiler INTERFACE -Wall -Wextra)
if(DENOMAE_WERROR)
    target_compile_options(denomae_compiler INTERFACE -Werror)
endif()

if(DENOMAE_SANITIZE STREQUAL "address")
    set(denomae_sanitizers -fsanitize=address,undefined -fno-sanitize-recover=all)
elseif(DENOMAE_SANITIZE STREQUAL "thread")
    set(denomae_sanitizers -fsanitize=thread)
elseif(DENOMAE_SANITIZE)
    message(FATAL_ERROR
        "DENOMAE_SANITIZE is '${DENOMAE_SANITIZE}', wanted 'address', 'thread' or nothing")
endif()
if(denomae_sanitizers)
    if(NOT DENOMAE_KERNELS_ONLY)
        message(FATAL_ERROR
            "DENOMAE_SANITIZE needs -DDENOMAE_KERNELS_ONLY=ON: an interpreter built without the "
            "sanitizer cannot load such a module")
    endif()
    target_compile_options(denomae_compiler INTERFACE
        ${denomae_sanitizers} -fno-omit-frame-pointer -g)
    target_link_options(denomae_compiler INTERFACE ${denomae_sanitizers})
endif()
