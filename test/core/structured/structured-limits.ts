/** The limits of `configs/limits.yaml` that structured output reads. */
export const limits = {
  max_schema_bytes: 32_768,
  max_schema_depth: 16,
  max_depth: 64,
  max_answer_bytes: 8_388_608,
  max_repair_bytes: 65_536,
} as const;
