/* The heap, counted, and with no block larger than the board has. The tests are linked so that all that is
 * theirs, and the library's, comes here (`--wrap`). */
#include <stddef.h>

#include "board.h"

static int s_blocks;

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void __real_free(void *memory);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void __wrap_free(void *memory);

int heap_blocks(void)
{
    return __atomic_load_n(&s_blocks, __ATOMIC_SEQ_CST);
}

static bool is_too_large(size_t size)
{
    size_t largest = g_board != NULL ? __atomic_load_n(&g_board->largest_block, __ATOMIC_SEQ_CST) : 0;
    return largest != 0 && size > largest;
}

static void *counted(void *memory)
{
    if (memory != NULL) {
        __atomic_fetch_add(&s_blocks, 1, __ATOMIC_SEQ_CST);
    }
    return memory;
}

void *__wrap_malloc(size_t size)
{
    return is_too_large(size) ? NULL : counted(__real_malloc(size));
}

void *__wrap_calloc(size_t count, size_t size)
{
    return is_too_large(count * size) ? NULL : counted(__real_calloc(count, size));
}

void __wrap_free(void *memory)
{
    if (memory != NULL) {
        __atomic_fetch_sub(&s_blocks, 1, __ATOMIC_SEQ_CST);
    }
    __real_free(memory);
}
