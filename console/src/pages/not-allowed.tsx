import Alert from "@cloudscape-design/components/alert";
import Button from "@cloudscape-design/components/button";
import ContentLayout from "@cloudscape-design/components/content-layout";
import Header from "@cloudscape-design/components/header";

import { useWhy } from "../common/why";

/** In place of a page that whoever is signed in may not see. */
export function NotAllowed({ title, action }: { title: string; action: string }) {
  const why = useWhy();
  return (
    <ContentLayout header={<Header variant="h1">{title}</Header>}>
      <Alert
        type="info"
        header={`You are not allowed ${action}`}
        action={
          <span data-denied={action}>
            <Button onClick={() => why?.(action)}>Why can't I?</Button>
          </span>
        }
      >
        Without it there is nothing to show on this page.
      </Alert>
    </ContentLayout>
  );
}
