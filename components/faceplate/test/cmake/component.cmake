# What CMakeLists.txt of the component does for each chip, without ESP-IDF: `cmake -P` with stand-ins for the
# functions that it calls.
get_filename_component(component "${CMAKE_CURRENT_LIST_DIR}/../.." ABSOLUTE)

function(idf_build_get_property variable property)
    set(${variable} "${chip}" PARENT_SCOPE)
endfunction()

function(idf_component_register)
    set_property(GLOBAL PROPERTY registered "${ARGN}")
endfunction()

function(add_custom_target name)
endfunction()

function(add_dependencies)
endfunction()

function(target_link_libraries target visibility library)
    set_property(GLOBAL PROPERTY linked "${library}")
endfunction()

# From a copy, where there is no folder of prebuilt libraries.
function(configure)
    set_property(GLOBAL PROPERTY registered "no")
    set_property(GLOBAL PROPERTY linked "")
    set(COMPONENT_DIR "${component}")
    set(COMPONENT_LIB "faceplate")
    include("${where}/CMakeLists.txt")
endfunction()

set(where "${CMAKE_CURRENT_BINARY_DIR}/cmake-component")
file(REMOVE_RECURSE "${where}")
file(COPY "${component}/CMakeLists.txt" DESTINATION "${where}")

foreach(chip esp32c2 esp32c3 esp32c5 esp32c6 esp32c61 esp32h2 esp32p4 linux)
    configure()
    get_property(registered GLOBAL PROPERTY registered)
    get_property(linked GLOBAL PROPERTY linked)
    if(NOT registered MATCHES "faceplate_http.c" OR NOT linked MATCHES "/release/libfaceplate_idf.a$")
        message(FATAL_ERROR "${chip}: registered ${registered}, linked ${linked}")
    endif()
endforeach()

# Projects that merely have the folder are built for these, too.
foreach(chip esp32 esp32s2 esp32s3 esp32x9)
    configure()
    get_property(registered GLOBAL PROPERTY registered)
    get_property(linked GLOBAL PROPERTY linked)
    if(NOT registered STREQUAL "" OR NOT linked STREQUAL "")
        message(FATAL_ERROR "${chip}: registered ${registered}, linked ${linked}")
    endif()
endforeach()

set(chip esp32s3)
set(prebuilt "${where}/lib/xtensa-esp32s3-none-elf/libfaceplate_idf.a")
file(WRITE "${prebuilt}" "")
configure()
get_property(linked GLOBAL PROPERTY linked)
if(NOT linked STREQUAL prebuilt)
    message(FATAL_ERROR "${chip}: linked ${linked}, not ${prebuilt}")
endif()
message(STATUS "every chip is registered as it should be")
