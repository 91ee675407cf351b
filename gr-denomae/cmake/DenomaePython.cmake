# SPDX-License-Identifier: GPL-3.0-or-later
#
# The interpreter, where its packages go, and how ours get there.

# Which interpreter: the one that was asked for, or else the first of the usual ones that has GNU
# Radio. (GNU Radio's own configuration looks for a Python under other names; its answer is fixed
# and knows nothing of virtual environments.)
set(denomae_candidates
    ${PYTHON_EXECUTABLE} ${Python_EXECUTABLE} ${Python3_EXECUTABLE})
if(NOT denomae_candidates)
    if(DEFINED ENV{VIRTUAL_ENV})
        list(APPEND denomae_candidates $ENV{VIRTUAL_ENV}/bin/python)
    endif()
    list(APPEND denomae_candidates python3 /usr/bin/python3)
endif()
unset(Python3_EXECUTABLE)
foreach(candidate ${denomae_candidates})
    execute_process(
        COMMAND ${candidate} -c "import gnuradio.gr, sys; print(sys.executable)"
        OUTPUT_VARIABLE Python3_EXECUTABLE
        OUTPUT_STRIP_TRAILING_WHITESPACE
        ERROR_VARIABLE denomae_import_error
        RESULT_VARIABLE denomae_import_result)
    if(denomae_import_result EQUAL 0)
        break()
    endif()
    unset(Python3_EXECUTABLE)
endforeach()
if(NOT Python3_EXECUTABLE)
    message(FATAL_ERROR
        "None of the interpreters ${denomae_candidates} can import gnuradio.gr, wanted one with GNU "
        "Radio 3.10: name it by -DPYTHON_EXECUTABLE. The last one said: ${denomae_import_error}")
endif()
find_package(Python3 3.9 REQUIRED COMPONENTS Interpreter Development.Module)
set(PYBIND11_NOPYTHON ON)
find_package(pybind11 REQUIRED)

# Beneath its own prefix (a virtual environment; /usr/local for Debian's Python) the interpreter
# says itself where packages go; beneath any other, the same folder names are used.
if(NOT DENOMAE_PYTHON_DIR)
    execute_process(
        COMMAND ${Python3_EXECUTABLE} ${CMAKE_CURRENT_LIST_DIR}/python_dir.py
                ${CMAKE_INSTALL_PREFIX}
        OUTPUT_VARIABLE denomae_python_dir
        OUTPUT_STRIP_TRAILING_WHITESPACE
        COMMAND_ERROR_IS_FATAL ANY)
    set(DENOMAE_PYTHON_DIR ${denomae_python_dir})
endif()

set(DENOMAE_CMAKE_DIR ${CMAKE_CURRENT_LIST_DIR})

# denomae_install_package(<source folder> <folder beneath the packages>): copies a package as it
# is when installing, and removes files of an earlier version that have gone since.
function(denomae_install_package source package)
    set(from ${CMAKE_CURRENT_SOURCE_DIR}/${source})
    install(CODE "
        set(DENOMAE_PACKAGE_FROM \"${from}\")
        set(DENOMAE_PACKAGE_TO \"\$ENV{DESTDIR}\${CMAKE_INSTALL_PREFIX}/${DENOMAE_PYTHON_DIR}/${package}\")
        include(\"${DENOMAE_CMAKE_DIR}/remove_stale.cmake\")")
    install(DIRECTORY ${from}/ DESTINATION ${DENOMAE_PYTHON_DIR}/${package}
            PATTERN "__pycache__" EXCLUDE
            PATTERN "*.pyc" EXCLUDE)
endfunction()

# denomae_install_command(<name> <module>): a command that calls <module>.main with the
# interpreter of the build.
function(denomae_install_command name module)
    set(DENOMAE_COMMAND_MODULE ${module})
    set(launcher ${CMAKE_CURRENT_BINARY_DIR}/launchers/${name})
    configure_file(${DENOMAE_CMAKE_DIR}/launcher.py.in ${launcher} @ONLY)
    install(PROGRAMS ${launcher} DESTINATION ${CMAKE_INSTALL_BINDIR})
endfunction()

# denomae_check_header_hashes(<binding.cc>...): each binding names the headers that it binds with
# their MD5; a header that has changed since stops the configuration, so that nobody forgets to
# look whether the binding still says the same.
function(denomae_check_header_hashes)
    foreach(binding ${ARGN})
        set(path ${CMAKE_CURRENT_SOURCE_DIR}/${binding})
        file(STRINGS ${path} headers REGEX "BINDTOOL_HEADER_FILE\\(")
        file(STRINGS ${path} hashes REGEX "BINDTOOL_HEADER_FILE_HASH\\(")
        foreach(header hash IN ZIP_LISTS headers hashes)
            string(REGEX REPLACE ".*BINDTOOL_HEADER_FILE\\(([^)]*)\\).*" "\\1" header "${header}")
            string(REGEX REPLACE ".*BINDTOOL_HEADER_FILE_HASH\\(([^)]*)\\).*" "\\1" hash "${hash}")
            set(header_path ${PROJECT_SOURCE_DIR}/gr-denomae/${header})
            file(MD5 ${header_path} actual)
            if(NOT actual STREQUAL hash)
                message(FATAL_ERROR
                    "gr-denomae/bindings/${binding} was written for another version of "
                    "gr-denomae/${header}: it names MD5 '${hash}', the header has '${actual}'. "
                    "Look whether the binding still fits, then write the new MD5 into its "
                    "BINDTOOL_HEADER_FILE_HASH.")
            endif()
            set_property(DIRECTORY ${PROJECT_SOURCE_DIR}
                APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${header_path} ${path})
        endforeach()
    endforeach()
endfunction()

# denomae_add_module(<target> <source>...): a Python module of pybind11.
function(denomae_add_module target)
    Python3_add_library(${target} MODULE WITH_SOABI ${ARGN})
    target_link_libraries(${target} PRIVATE pybind11::headers denomae_compiler)
endfunction()
