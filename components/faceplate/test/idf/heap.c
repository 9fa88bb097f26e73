/* The heap, counted, and without what the board has not. The tests are linked so that all that is
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

static bool is_refused(size_t size)
{
    if (g_board == NULL) {
        return false;
    }
    size_t largest = __atomic_load_n(&g_board->largest_block, __ATOMIC_SEQ_CST);
    bool refused = board_counts_down(&g_board->refused_block);
    if (refused && g_board->and_all_after) {
        __atomic_store_n(&g_board->no_block, true, __ATOMIC_SEQ_CST);
    }
    return refused || __atomic_load_n(&g_board->no_block, __ATOMIC_SEQ_CST) || (largest != 0 && size > largest);
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
    return is_refused(size) ? NULL : counted(__real_malloc(size));
}

void *__wrap_calloc(size_t count, size_t size)
{
    return is_refused(count * size) ? NULL : counted(__real_calloc(count, size));
}

void __wrap_free(void *memory)
{
    if (memory != NULL) {
        __atomic_fetch_sub(&s_blocks, 1, __ATOMIC_SEQ_CST);
    }
    __real_free(memory);
}
