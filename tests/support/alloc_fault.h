/* Make the nth allocation of our own code fail. Linked with --wrap (tests/CMakeLists.txt), so the
 * programs that ship contain nothing of it. */
#ifndef AUTOPROV_TESTS_ALLOC_FAULT_H
#define AUTOPROV_TESTS_ALLOC_FAULT_H

/* The nth allocation from now (from 1) fails, and all later ones if persistent; 0: none fails. */
void alloc_fault_arm(unsigned long nth, int persistent);

/* Allocations seen since the last arm. */
unsigned long alloc_fault_count(void);

/* Run scenario again and again, failing its 1st, 2nd, … allocation, once and persistently, until
 * a run passes without reaching the failure. scenario returns 0 on success; it must not crash or
 * leak (address sanitizer tells). Returns the number of runs, or 0 when the last one, without a
 * failure, was no success. */
unsigned long alloc_fault_run(int (*scenario)(void *data), void *data);

#endif
