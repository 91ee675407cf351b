# SPDX-License-Identifier: GPL-3.0-or-later
#
# Removes from DENOMAE_PACKAGE_TO what an earlier installation put there and DENOMAE_PACKAGE_FROM
# no longer has. Compiled modules are the build's; folders of bytecode are Python's.

file(GLOB_RECURSE installed LIST_DIRECTORIES false
    RELATIVE ${DENOMAE_PACKAGE_TO} ${DENOMAE_PACKAGE_TO}/*)
foreach(file ${installed})
    if(file MATCHES "\\.so$|__pycache__/" OR EXISTS ${DENOMAE_PACKAGE_FROM}/${file})
        continue()
    endif()
    message(STATUS "Removing: ${DENOMAE_PACKAGE_TO}/${file}")
    file(REMOVE ${DENOMAE_PACKAGE_TO}/${file})
endforeach()
