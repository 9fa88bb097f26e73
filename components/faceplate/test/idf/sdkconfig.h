/* What Kconfig would say. */
#pragma once

#define CONFIG_PARTITION_TABLE_OFFSET 0x8000
/* Frames of this machine are larger than those of the chips. */
#define CONFIG_FACEPLATE_STACK_SIZE 65536
#define CONFIG_FACEPLATE_TASK_STACK_SIZE 65536
#define CONFIG_FACEPLATE_TASK_PRIORITY 5
