# Links power_cut.c into a firmware whose own files know nothing of it: CMake includes this when it is named by
# CMAKE_PROJECT_update_INCLUDE. The program is there only when all files of the project have been read.
set(power_cut "${CMAKE_CURRENT_LIST_DIR}/power_cut.c")

function(add_power_cut)
    target_sources(update.elf PRIVATE "${power_cut}")
    foreach(wrapped esp_partition_write esp_partition_write_raw esp_partition_erase_range)
        target_link_options(update.elf PRIVATE "LINKER:--wrap=${wrapped}")
    endforeach()
endfunction()

cmake_language(DEFER CALL add_power_cut)
