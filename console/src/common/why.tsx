// "Why can't I?": which permission is missing, what would grant it, and who can.

import Alert from "@cloudscape-design/components/alert";
import Box from "@cloudscape-design/components/box";
import Button from "@cloudscape-design/components/button";
import CopyToClipboard from "@cloudscape-design/components/copy-to-clipboard";
import Modal from "@cloudscape-design/components/modal";
import SpaceBetween from "@cloudscape-design/components/space-between";
import Spinner from "@cloudscape-design/components/spinner";
import { useQuery } from "@tanstack/react-query";
import { type ReactNode, createContext, useCallback, useContext, useState } from "react";

import { call } from "../api/client";
import { useMay, usePermissions } from "../permissions";
import { Explanation } from "./explanation";

interface Question {
  action: string;
  /** Of a request that was refused. */
  requestId?: string;
}

type Ask = (action: string, requestId?: string) => void;

const Current = createContext<Ask | undefined>(undefined);

export function WhyProvider({ children }: { children: ReactNode }) {
  const [question, setQuestion] = useState<Question>();
  const ask = useCallback<Ask>((action, requestId) => setQuestion({ action, requestId }), []);
  return (
    <Current.Provider value={ask}>
      {children}
      {question && <Why {...question} onClose={() => setQuestion(undefined)} />}
    </Current.Provider>
  );
}

/** Opens the explanation for an action. There is none before anybody is signed in. */
export function useWhy(): Ask | undefined {
  return useContext(Current);
}

function Why({ action, requestId, onClose }: Question & { onClose: () => void }) {
  const { principal } = usePermissions();
  const statement = JSON.stringify({ Effect: "Allow", Action: action, Resource: "*" }, null, 2);
  return (
    <Modal
      visible
      onDismiss={onClose}
      header={`Why can't I? ${action}`}
      footer={
        <Box float="right">
          <Button variant="primary" onClick={onClose}>
            Close
          </Button>
        </Box>
      }
    >
      <SpaceBetween size="m">
        <Box>
          No policy of <Box variant="code">{principal}</Box> allows <Box variant="code">{action}</Box>, or one denies it.
        </Box>
        <Explanation requestId={requestId} />
        <div>
          <Box variant="h4">The statement that would grant it</Box>
          <Box variant="code">
            <pre>{statement}</pre>
          </Box>
          <CopyToClipboard
            copyButtonText="Copy the statement"
            textToCopy={statement}
            copySuccessText="Copied"
            copyErrorText="It could not be copied"
          />
        </div>
        <WhoGrants />
      </SpaceBetween>
    </Modal>
  );
}

/** Who can attach such a statement to somebody. */
function WhoGrants() {
  const may = useMay("access-analyzer", "WhoCan");
  const answer = useQuery({
    queryKey: ["who-can", "iam:PutUserPolicy"],
    enabled: may,
    queryFn: () => call("access-analyzer", "WhoCan", { action: "iam:PutUserPolicy", maxResults: 20 }),
  });
  if (!may) {
    return <Alert type="info">Ask whoever administers IAM in this AWS account. You may not see who that is.</Alert>;
  }
  if (answer.isPending) return <Spinner />;
  if (answer.isError) return <Alert type="info">Ask whoever administers IAM in this AWS account.</Alert>;
  const able = answer.data.principals.filter((one) => ["ALWAYS", "SOMETIMES"].includes(one.access.extent));
  return (
    <div>
      <Box variant="h4">Who can grant it</Box>
      <ul>
        {able.map((one) => (
          <li key={one.principal}>
            <Box variant="code">{one.principal}</Box>
          </li>
        ))}
      </ul>
    </div>
  );
}
