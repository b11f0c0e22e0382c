/* The length of an array whose bound the compiler knows. */
#ifndef AUTOPROV_ARRAY_H
#define AUTOPROV_ARRAY_H

/* Not of a pointer: gcc's -Wsizeof-pointer-div tells. */
#define AP_COUNT(array) (sizeof(array) / sizeof((array)[0]))

#endif
