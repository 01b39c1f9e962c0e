// The decision on a request, taken again on what was recorded of it.

import Box from "@cloudscape-design/components/box";
import { useQuery } from "@tanstack/react-query";

import { call } from "../api/client";
import { useMay } from "../permissions";

export function Explanation({ requestId = "" }: { requestId?: string }) {
  const may = useMay("access-analyzer", "ExplainRequest");
  const query = useQuery({
    queryKey: ["explain", requestId],
    enabled: may && requestId !== "",
    retry: false,
    queryFn: () => call("access-analyzer", "ExplainRequest", { requestId }),
  });
  if (!query.data?.explanationText) return null;
  return (
    <div>
      <Box variant="h4">Why it was decided so</Box>
      <Box variant="code">
        <pre className="record">{query.data.explanationText}</pre>
      </Box>
    </div>
  );
}
