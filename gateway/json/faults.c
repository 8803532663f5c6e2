#include "gateway/json/faults.h"

void dv_faults_add(dv_faults *faults, dv_err error, dv_text field, dv_text message)
{
    if (faults->count == 0) faults->error = error;
    if (faults->count < DV_FAULTS_MAX) faults->list[faults->count++] = (dv_fault){field, message};
}
