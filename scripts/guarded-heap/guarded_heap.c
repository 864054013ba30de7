// A heap whose larger blocks end where an unreadable page begins, to be loaded before the C library's.
//
// An access behind a block ends the program at once, also one that jumps far, which the address sanitizer takes for an
// access to the next block. New memory is filled with a pattern, and freed memory is given back to the system, so that
// reading either does not go unnoticed. Blocks keep their alignment, so up to alignment - 1 bytes behind one are readable.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>

extern void *__libc_malloc(size_t size);
extern void *__libc_realloc(void *block, size_t size);
extern void *__libc_memalign(size_t alignment, size_t size);
extern void __libc_free(void *block);

enum { page = 4096, smallest_guarded = 256 };

// Lies directly before a guarded block.
struct header {
  uint64_t mark;
  void *mapping;
  size_t mapped;
  size_t size;
};

static const uint64_t guarded_mark = 0x9c51e7a30b6d42f8;

static struct header *header_of(void *block) { return (struct header *)block - 1; }

static int is_guarded(void *block) { return (uintptr_t)block % 16 == 0 && header_of(block)->mark == guarded_mark; }

static void *allocate(size_t size, size_t alignment) {
  if (alignment < 16) alignment = 16;
  if (size >= smallest_guarded && alignment <= page && size < SIZE_MAX / 2) {
    size_t body = (size + alignment - 1) / alignment * alignment;
    size_t readable = (body + alignment + sizeof(struct header) + page - 1) / page * page;
    char *mapping = mmap(NULL, readable + page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    // The system grants only so many mappings; the rest of the blocks go without a guard.
    if (mapping != MAP_FAILED && mprotect(mapping + readable, page, PROT_NONE) == 0) {
      void *block = mapping + readable - body;
      *header_of(block) = (struct header){guarded_mark, mapping, readable + page, size};
      memset(block, 0xab, size);
      return block;
    }
    if (mapping != MAP_FAILED) munmap(mapping, readable + page);
  }
  return alignment == 16 ? __libc_malloc(size) : __libc_memalign(alignment, size);
}

void *malloc(size_t size) { return allocate(size, 16); }

void free(void *block) {
  if (block == NULL) return;
  if (is_guarded(block)) {
    munmap(header_of(block)->mapping, header_of(block)->mapped);
  } else {
    __libc_free(block);
  }
}

void *calloc(size_t count, size_t size) {
  size_t bytes;
  if (__builtin_mul_overflow(count, size, &bytes)) return NULL;
  void *block = allocate(bytes, 16);
  return block == NULL ? NULL : memset(block, 0, bytes);
}

size_t malloc_usable_size(void *block) {
  static size_t (*usable)(void *);
  if (block == NULL) return 0;
  if (is_guarded(block)) return header_of(block)->size;
  if (usable == NULL) usable = (size_t(*)(void *))dlsym(RTLD_NEXT, "malloc_usable_size");
  return usable(block);
}

void *realloc(void *block, size_t size) {
  if (block == NULL) return malloc(size);
  if (!is_guarded(block) && size < smallest_guarded) return __libc_realloc(block, size);
  void *moved = malloc(size);
  if (moved == NULL) return NULL;
  size_t held = malloc_usable_size(block);
  memcpy(moved, block, held < size ? held : size);
  free(block);
  return moved;
}

void *memalign(size_t alignment, size_t size) { return allocate(size, alignment); }

void *aligned_alloc(size_t alignment, size_t size) { return allocate(size, alignment); }

int posix_memalign(void **result, size_t alignment, size_t size) {
  void *block = allocate(size, alignment);
  if (block == NULL) return ENOMEM;
  *result = block;
  return 0;
}
