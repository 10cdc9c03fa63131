// relreason/backend/host_device.hpp -- marks functions that run on the host and on a GPU.
#pragma once

#if defined(__CUDACC__)
#define RELREASON_HD __host__ __device__
#else
#define RELREASON_HD
#endif
