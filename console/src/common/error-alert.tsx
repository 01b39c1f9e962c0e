import Alert from "@cloudscape-design/components/alert";
import Box from "@cloudscape-design/components/box";
import Button from "@cloudscape-design/components/button";

import { ApiError } from "../api/client";
import { useWhy } from "./why";

/** Titles of what is refused most. Everything else has its own name. */
const TITLES: Record<string, string> = {
  AccessDenied: "You are not allowed to do this",
  AccessDeniedException: "You are not allowed to do this",
  ForbiddenException: "This cannot be done here",
  NotFoundException: "It is not there",
  NoSuchEntity: "It is not there",
  ConflictException: "Something is in the way",
  DeleteConflict: "Something is in the way",
  BadRequestException: "This is not right yet",
  ValidationError: "This is not right yet",
  ValidationException: "This is not right yet",
  EntityAlreadyExists: "The name is taken",
  ResourceLimitExceededException: "A limit is reached",
  LimitExceeded: "A limit is reached",
  UnprocessableEntityException: "Something is in the way",
  RecentSignInRequired: "Sign in again first",
  InvalidInput: "This is not right yet",
  ThrottledClientException: "Too fast",
  NotImplementedException: "This server cannot do this yet",
  NetworkError: "No connection",
};

interface Description {
  title: string;
  text: string;
  /** Of what policies refused. */
  denied?: { action: string; requestId?: string };
}

export function describe(error: unknown): Description {
  if (!(error instanceof ApiError)) {
    return { title: "Something went wrong", text: error instanceof Error ? error.message : String(error) };
  }
  const { code, requestId } = error;
  const action = code.startsWith("AccessDenied") ? /to perform: ([\w-]+:\w+)/.exec(error.message)?.[1] : undefined;
  return {
    title: TITLES[code] ?? code,
    text: `${error.message}${requestId ? ` (request ${requestId})` : ""}`,
    denied: action ? { action, requestId } : undefined,
  };
}

/** What could not be shown or done, in the server's words. */
export function ErrorAlert({ error, onRetry }: { error: unknown; onRetry?: () => void }) {
  const { title, text, denied } = describe(error);
  const why = useWhy();
  return (
    <Alert
      type="error"
      header={title}
      action={
        denied && why ? (
          <Button onClick={() => why(denied.action, denied.requestId)}>Why can't I?</Button>
        ) : (
          onRetry && <Button onClick={onRetry}>Try again</Button>
        )
      }
    >
      <Box variant="span">{text}</Box>
    </Alert>
  );
}
